//! The program as people and build servers meet it: the built binary in folders of its own.

mod cli {
    mod check;
    mod compare;
    mod console;
    mod detect;
    mod explain;
    mod interrupt;
    mod lists;
    mod place;
    mod run;
    mod show;
    mod surface;
}
