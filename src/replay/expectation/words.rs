//! Words as fixtures compare them: neither case nor accents nor spaces count.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Small letters without accents and with single spaces.
pub fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !bare.is_empty() && !bare.ends_with(' ') {
                bare.push(' ');
            }
        } else if c.is_ascii() {
            bare.push(c.to_ascii_lowercase());
        } else {
            let letters = c.nfd().filter(|part| !is_combining_mark(*part));
            bare.extend(letters.flat_map(char::to_lowercase));
        }
    }
    bare.truncate(bare.trim_end().len());
    bare
}

/// Whether the words occur in this order in a label.
pub fn words_occur(words: &str, label: &str) -> bool {
    let label = plain(label);
    let mut rest = label.split(' ');
    plain(words).split(' ').all(|word| rest.any(|other| other == word))
}
