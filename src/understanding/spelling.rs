//! Misspelt words, only against the closed list of the lexicon.
//!
//! A word that is known, however plain, is never corrected. Two words are near when they sound the same in Chile
//! (v = b, s = z = soft c, ll = y, no h, que = ke) or nearly, and are few letters apart. Candidates come from an
//! index of sounds with one letter left out, so that a lookup does not grow with the lexicon.

use super::lexicon::WordId;

/// Sounds of the lexicon, whole and with one letter left out, sorted by hash.
#[derive(Default)]
pub(super) struct Spelling {
    index: Vec<(u32, WordId)>,
}

/// Letters that a word must have to be corrected; shorter ones look like too many others.
const SHORTEST: usize = 4;

impl Spelling {
    pub fn build<'a>(words: impl Iterator<Item = (WordId, &'a str)>) -> Self {
        let mut index = Vec::new();
        for (id, word) in words.filter(|(_, word)| word.chars().count() > SHORTEST) {
            let sound = sound(word);
            each_shorter(&sound, SOUNDS, |hash| index.push((hash, id)));
            if word.len() >= LONG {
                each_shorter(word, LETTERS, |hash| index.push((hash, id)));
            }
        }
        index.sort_unstable();
        index.dedup();
        Self { index }
    }

    /// The nearest word, when one is near enough.
    pub fn nearest<'a>(&self, word: &str, text: impl Fn(WordId) -> &'a str) -> Option<WordId> {
        let length = word.chars().count();
        if !(SHORTEST..=24).contains(&length) || !word.chars().all(char::is_alphabetic) {
            return None;
        }
        let heard = sound(word);
        let mut best: Option<(usize, WordId)> = None;
        let mut weigh = |hash: u32| {
            let from = self.index.partition_point(|(known, _)| *known < hash);
            for (known, id) in &self.index[from..] {
                if *known != hash {
                    break;
                }
                let candidate = text(*id);
                let letters = strsim::osa_distance(word, candidate);
                let sounds = strsim::osa_distance(&heard, &sound(candidate));
                let longest = length.max(candidate.chars().count());
                let first = heard.first_letter() == sound(candidate).first_letter();
                let most = match longest {
                    0..=6 => 1,
                    7..=8 => 2,
                    _ => 3,
                };
                // what sounds the same may be written quite differently
                // one slip of the thumb in a long word may change its sound beyond knowing: "canecla" for "cancela"
                let slip = letters == 1 && longest >= LONG && (first || longest > LONG);
                let near = slip
                    || sounds == 0 && letters <= most + 1
                    || sounds == 1
                        && letters <= most + 2 * usize::from(longest >= 10)
                        && (first || longest >= 8)
                        && longest >= 5;
                let cost = if slip { sounds.min(1) * 4 + letters } else { sounds * 4 + letters };
                if near && best.is_none_or(|(least, id_so_far)| (cost, *id) < (least, id_so_far)) {
                    best = Some((cost, *id));
                }
            }
        };
        each_shorter(&heard, SOUNDS, &mut weigh);
        if word.len() >= LONG {
            each_shorter(word, LETTERS, &mut weigh);
        }
        best.map(|(_, id)| id)
    }
}

trait FirstLetter {
    fn first_letter(&self) -> Option<char>;
}

impl FirstLetter for String {
    fn first_letter(&self) -> Option<char> {
        self.chars().next()
    }
}

/// Where the hashes of sounds and of letters begin: apart, so that neither is found for the other.
const SOUNDS: u32 = 0x811c_9dc5;
const LETTERS: u32 = 0x2b1d_5a77;

/// Bytes of a word in which one slip is put right by its letters alone.
const LONG: usize = 7;

/// Hashes of a sound or a word as it is and with each byte left out.
fn each_shorter(sound: &str, seed: u32, mut take: impl FnMut(u32)) {
    let hash = |skip: usize| {
        let mut hash = seed;
        for (at, byte) in sound.bytes().enumerate() {
            if at != skip {
                hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        }
        hash
    };
    for skip in 0..=sound.len() {
        take(hash(if skip == sound.len() { usize::MAX } else { skip }));
    }
}

/// How a word sounds in Chile, one ASCII letter a sound.
pub(super) fn sound(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        let heard = match letter {
            'h' | 'ü' => continue,
            'v' | 'w' => 'b',
            'z' | 'x' => 's',
            'ñ' => 'n',
            'c' if matches!(next, Some('e' | 'i')) => 's',
            'c' if next == Some('h') => {
                letters.next();
                'C'
            }
            'c' => 'k',
            't' if next == Some('c') && letters.clone().nth(1) == Some('h') => continue,
            'y' if next.is_none_or(|next| !matches!(next, 'a' | 'e' | 'i' | 'o' | 'u')) => 'i',
            'q' => {
                if next == Some('u') {
                    letters.next();
                }
                'k'
            }
            'g' if matches!(next, Some('e' | 'i')) => 'j',
            'l' if next == Some('l') => {
                letters.next();
                'y'
            }
            'm' if matches!(next, Some('b' | 'p' | 'v')) => 'n',
            other if other.is_ascii() => other,
            _ => '?',
        };
        if !out.ends_with(heard) {
            out.push(heard);
        }
    }
    if out.len() > 4 && out.ends_with("ao") {
        out.truncate(out.len() - 1);
        out.push_str("do");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_the_same_is_written_in_many_ways() {
        for (one, other) in [
            ("kinesiologo", "quinesiologo"),
            ("necesito", "nesesito"),
            ("vacuna", "bacuna"),
            ("hora", "ora"),
            ("cansado", "cansao"),
            ("llamar", "yamar"),
            ("etchegaray", "echegarai"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} {other}");
        }
    }
}
