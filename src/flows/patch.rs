//! Patches: a field that is absent stays, `null` clears, a value sets (RFC 7396 for the fields named).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::flows::{Error, Fault};

/// For `Option<Option<T>>` with `#[serde(default, deserialize_with = "nullable")]`: tells `null` from absent.
///
/// # Errors
/// What reading `T` says.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For `Option<T>` of a field that can be changed but not cleared, with
/// `#[serde(default, deserialize_with = "not_null")]`: `null` is refused instead of being taken for absent.
///
/// # Errors
/// What reading `T` says, of `null` too.
pub fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Puts `new` into `slot` when there is one and it differs, and notes the field's name then.
pub fn put<T: PartialEq>(slot: &mut T, new: Option<T>, field: &'static str, changed: &mut Vec<&'static str>) {
    if let Some(new) = new
        && *slot != new
    {
        *slot = new;
        changed.push(field);
    }
}

/// Merges a JSON Merge Patch into a document (RFC 7396 section 2), to a depth that our settings have.
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(&name);
        } else {
            merge(object.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The settings with the patch merged in, read as strictly as at creation. `below` is where they stand in the body,
/// such as `settings.`; empty at its top.
///
/// # Errors
/// [`Error::Invalid`] with the field that cannot be taken.
pub fn merged<T: Serialize + DeserializeOwned>(current: &T, patch: Value, below: &str) -> Result<T, Error> {
    let mut document = serde_json::to_value(current).map_err(|e| Error::Internal(e.to_string()))?;
    merge(&mut document, patch);
    serde_path_to_error::deserialize(document).map_err(|error| {
        let Fault { field, message } = Fault::unreadable(&error.path().to_string(), error.inner().to_string());
        Error::invalid(&format!("{below}{field}"), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_sets_clears_and_leaves_alone() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}});
        merge(&mut target, json!({"a": null, "b": {"c": 4}, "e": {"f": null}}));
        assert_eq!(target, json!({"b": {"c": 4, "d": 3}, "e": {}}));
    }
}
