//! The JSON schema of scenario files, made from the descriptions that the loader reads by.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::decode::ROOT;
use super::reader::{Field, Presence, Shape, TableSpec};
use super::tree::{Node, Value, parse_value};

/// The JSON schema (draft 7) of a scenario file, as text that ends with a newline.
///
/// Editors complete and check by it: `#:schema ../schema/scenario.schema.json` as the first line of
/// a scenario. It knows shapes and ranges; what refers to something else only the loader knows.
pub fn schema() -> String {
    let family = ROOT.family();
    let definitions = family.iter().skip(1).map(|spec| (key_of(spec), table(spec))).collect();
    let document = Schema {
        schema: Some("http://json-schema.org/draft-07/schema#"),
        title: Some("Apportion scenario"),
        definitions: Ordered(definitions),
        ..table(&ROOT)
    };
    let text = serde_json::to_string_pretty(&document);
    text.expect("a schema has no maps with keys other than text") + "\n"
}

/// A schema, in the order in which people read one.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    words: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_minimum: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Ordered::is_empty")]
    properties: Ordered<&'static str, Schema>,
    #[serde(skip_serializing_if = "Ordered::is_empty")]
    definitions: Ordered<String, Schema>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Number {
    Whole(u64),
    Real(f64),
}

/// A map that keeps its order.
struct Ordered<K, V>(Vec<(K, V)>);

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<K, V> Ordered<K, V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Serialize, V: Serialize> Serialize for Ordered<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A default, from TOML to JSON.
struct Json(Node);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.value {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Integer(integer) => serializer.serialize_i64(*integer),
            Value::Float(float) => serializer.serialize_f64(*float),
            Value::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Value::Array(items) => serializer.collect_seq(items.iter().cloned().map(Json)),
            Value::Table(table) => serializer
                .collect_map(table.iter().map(|(key, entry)| (key, Json(entry.node.clone())))),
        }
    }
}

fn table(spec: &'static TableSpec) -> Schema {
    let required = spec.all_fields().filter(|field| matches!(field.presence, Presence::Required));
    Schema {
        description: Some(spec.doc.into()),
        kind: Some("object"),
        additional_properties: Some(false),
        required: required.map(|field| field.name).collect(),
        properties: Ordered(spec.all_fields().map(|field| (field.name, property(field))).collect()),
        ..Schema::default()
    }
}

fn property(field: &'static Field) -> Schema {
    let default = match field.presence {
        Presence::Default(text) => parse_value(text, Default::default()).map(Json),
        Presence::Required | Presence::Optional => None,
    };
    Schema { description: Some(capitalised(field.doc)), default, ..shape(&field.shape) }
}

fn shape(of: &'static Shape) -> Schema {
    let string = |pattern| Schema { kind: Some("string"), pattern, ..Schema::default() };
    let number = |least, most| Schema {
        kind: Some("number"),
        minimum: Some(Number::Real(least)),
        maximum: Some(Number::Real(most)),
        ..Schema::default()
    };
    let array =
        |items| Schema { kind: Some("array"), items: Some(Box::new(items)), ..Schema::default() };
    let any = |any_of| Schema { any_of, ..Schema::default() };
    let reference = |spec: &TableSpec| Schema {
        reference: Some(format!("#/definitions/{}", key_of(spec))),
        ..Schema::default()
    };
    match of {
        Shape::Text | Shape::Name => string(None),
        Shape::Boolean => Schema { kind: Some("boolean"), ..Schema::default() },
        Shape::Span => string(Some(SPAN)),
        Shape::Rate => string(Some(RATE)),
        Shape::Quota => string(Some(QUOTA)),
        Shape::Probability => any(vec![number(0.0, 1.0), string(Some(PERCENTAGE))]),
        Shape::Bound => any(vec![
            Schema { kind: Some("number"), minimum: Some(Number::Real(0.0)), ..Schema::default() },
            string(Some(BOUND)),
        ]),
        Shape::TimeOfDay => string(Some(TIME_OF_DAY)),
        Shape::Zone => string(Some(ZONE)),
        Shape::WeekTime => string(Some(WEEK_TIME)),
        Shape::Weight => {
            Schema { exclusive_minimum: Some(Number::Real(0.0)), minimum: None, ..number(0.0, 1e6) }
        }
        Shape::Integer { least, most } => Schema {
            kind: Some("integer"),
            minimum: Some(Number::Whole(*least)),
            maximum: Some(Number::Whole(*most)),
            ..Schema::default()
        },
        Shape::Number { least, most } => number(*least, *most),
        Shape::OneOf(words) => Schema { words: Some(words.to_vec()), ..Schema::default() },
        Shape::List(inner) => array(shape(inner)),
        Shape::Either(one, other) => any(vec![shape(one), shape(other)]),
        Shape::Table(spec) => reference(spec),
        Shape::Tables(spec) => array(reference(spec)),
        Shape::TablesByKind(specs) => {
            array(any(specs.iter().map(|spec| reference(spec)).collect()))
        }
    }
}

const SPAN: &str = r"^[0-9]+(\.[0-9]+)?(ns|us|ms|s|min|h|d)$";
const RATE: &str = r"^[0-9]+(\.[0-9]+)?/(s|min|h|day|d)$";
const QUOTA: &str = r"^([0-9]+(\.[0-9]+)?/(s|min|h|day|d)|unlimited)$";
const PERCENTAGE: &str = r"^[0-9]+(\.[0-9]+)?%?$";
const BOUND: &str = r"^[0-9]+(\.[0-9]+)?(ns|us|ms|s|min|h|d|%)$";

const TIME_OF_DAY: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$";
const ZONE: &str = r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$";
const WEEK_TIME: &str = r"^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9]$";

/// The name of a table's definition: its title without what is not a letter.
fn key_of(spec: &TableSpec) -> String {
    let words = spec.title.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_own_definition_and_every_default_is_toml() {
        let family = ROOT.family();
        let mut keys: Vec<String> = family.iter().map(|spec| key_of(spec)).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), family.len(), "{keys:?}");
        for field in family.iter().flat_map(|spec| spec.all_fields()) {
            if let Presence::Default(text) = field.presence {
                assert!(parse_value(text, Default::default()).is_some(), "{}: {text}", field.name);
            }
            assert!(!field.doc.is_empty() && !field.doc.ends_with('.'), "{}", field.name);
        }
    }
}
