//! Values in the order of a text.

/// Sorts by a text, and what has the same text stays in its order.
///
/// Thousands of ids are sorted for each transaction. Ids of one source begin alike and differ soon after, so most of them
/// are compared by one number, without following a pointer to the text of each.
pub(super) fn sort_by_text<T>(items: &mut [T], text: impl Fn(&T) -> &str) {
    let Some(first) = items.first() else { return };
    let first = text(first).as_bytes();
    let shared = items.iter().fold(first.len(), |shared, item| {
        let pairs = first[..shared].iter().zip(text(item).as_bytes());
        pairs.take_while(|(one, other)| one == other).count()
    });
    let number = |item: &T| {
        let rest = &text(item).as_bytes()[shared..];
        let mut bytes = [0; 16];
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        u128::from_be_bytes(bytes)
    };
    items.sort_by_cached_key(number);
    for alike in items.chunk_by_mut(|one, next| number(one) == number(next)).filter(|alike| alike.len() > 1) {
        alike.sort_by(|one, other| text(one).cmp(text(other)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str]) {
        let mut sorted: Vec<(&str, usize)> = texts.iter().enumerate().map(|(at, text)| (*text, at)).collect();
        let mut expected = sorted.clone();
        expected.sort_by_key(|(text, _)| *text);
        sort_by_text(&mut sorted, |(text, _)| text);
        assert_eq!(sorted, expected);
    }

    #[test]
    fn texts_are_in_the_order_of_their_bytes() {
        check(&[]);
        check(&["b", "a", "", "c", ""]);
        check(&["id-20", "id-1", "id-", "id-100", "id-1\0", "id-1"]);
        check(&["the same sixteen bytes: b", "the same sixteen bytes: a", "the same sixteen bytes"]);
        check(&["shared/a long beginning and then/b", "shared/a long beginning and then/a", "shared/z"]);
        check(&["é", "z", "\u{10ffff}", "e"]);
    }
}
