//! The fair scheduler that a platform links in: production code.

mod life;
mod message;
mod retry;
mod status;

pub use life::{Belief, Happening, Truth, better_truth, next_belief, truth_may_move};
pub use message::{Message, Record, Ticket};
pub use retry::{RequeuePlace, RetryPolicy, RetryRule, UnknownOutcome};
pub use status::{ReceiptState, Status, StatusClass};
