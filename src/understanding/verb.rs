//! Verb forms made from their infinitive, so that "cancélenme", "cancelaría" and "cancelái" need no line of their own.
//!
//! What a form can mean is a set of bits. A form whose last letter has an accent that matters ends in an apostrophe.

/// Which forms a word can be.
pub(super) type Forms = u32;

/// `cancelar`
pub(super) const INFINITIVE: Forms = 1;
/// `cancelando`
pub(super) const GERUND: Forms = 1 << 1;
/// `cancelado`
pub(super) const PARTICIPLE: Forms = 1 << 2;
/// `cancelo`
pub(super) const I: Forms = 1 << 3;
/// `cancelas`, `cancelái`
pub(super) const YOU: Forms = 1 << 4;
/// `cancela`: he does, or "you, do"
pub(super) const HE: Forms = 1 << 5;
/// `cancelamos`
pub(super) const WE: Forms = 1 << 6;
/// `cancelan`
pub(super) const THEY: Forms = 1 << 7;
/// `cancele`: usted's request
pub(super) const REQUEST: Forms = 1 << 8;
/// `cancelen`
pub(super) const REQUEST_MANY: Forms = 1 << 9;
/// `cancelé`
pub(super) const I_DID: Forms = 1 << 10;
/// `canceló`, `cancelaron`
pub(super) const DID: Forms = 1 << 11;
/// `cancelaba`
pub(super) const USED_TO: Forms = 1 << 12;
/// `cancelaré`
pub(super) const I_WILL: Forms = 1 << 13;
/// `cancelará`, `cancelarán`
pub(super) const WILL: Forms = 1 << 14;
/// `cancelaría`
pub(super) const WOULD: Forms = 1 << 15;
/// `cancelara`
pub(super) const MIGHT: Forms = 1 << 16;
/// `canceles`
pub(super) const SO_THAT: Forms = 1 << 17;

/// Somebody asks for it or says they do it.
pub(super) const ASKS: Forms =
    INFINITIVE | GERUND | I | YOU | HE | WE | THEY | REQUEST | REQUEST_MANY | I_WILL | WOULD | SO_THAT;
/// Somebody did it.
pub(super) const DONE: Forms = I_DID | DID | USED_TO;
/// It is done.
pub(super) const PAST: Forms = PARTICIPLE | I_DID | DID | USED_TO;
/// Pronouns hang on these.
pub(super) const TAKES_PRONOUNS: Forms = INFINITIVE | GERUND | HE | REQUEST | REQUEST_MANY | WE | SO_THAT;
/// A form with a person: it begins a clause of its own.
pub(super) const FINITE: Forms = !(INFINITIVE | GERUND | PARTICIPLE);

/// The infinitive and the forms of one line of the file.
pub(super) fn conjugate(line: &str) -> (String, Vec<(String, Forms)>) {
    let mut words = line.split_whitespace();
    let infinitive = words.next().unwrap_or_default();
    let mut forms = vec![(infinitive.to_owned(), INFINITIVE)];
    match words.next() {
        Some("irregular") => {
            for (name, list) in words.filter_map(|part| part.split_once('=')) {
                let which = match name {
                    "P1" => I,
                    "P2" => YOU,
                    "P3" => HE,
                    "N1" => WE,
                    "N3" => THEY,
                    "S1" => REQUEST,
                    "SN" => REQUEST_MANY,
                    "F1" => I_WILL,
                    "F3" => WILL,
                    "C" => WOULD,
                    _ => DID,
                };
                forms.extend(list.split(',').map(|form| (form.to_owned(), which)));
            }
            let stem = infinitive.get(..infinitive.len().saturating_sub(2)).unwrap_or_default();
            let gerund = if infinitive.ends_with("ar") { "ando" } else { "iendo" };
            forms.push((format!("{stem}{gerund}"), GERUND));
        }
        change => regular(infinitive, change, &mut forms),
    }
    (infinitive.to_owned(), forms)
}

fn regular(infinitive: &str, change: Option<&str>, forms: &mut Vec<(String, Forms)>) {
    let (stem, ending) = infinitive.split_at(infinitive.len().saturating_sub(2));
    let stressed = match change {
        Some("ue") => replace_last(stem, &['o', 'u'], "ue"),
        Some("ie") => replace_last(stem, &['e'], "ie"),
        Some("i") => replace_last(stem, &['e'], "i"),
        _ => stem.to_owned(),
    };
    let is_a = ending == "ar";
    // the sound of the last consonant stays: buscar, busque; pagar, pague; empezar, empiece
    let soft = |stem: &str| match stem.as_bytes().last() {
        Some(b'c') if is_a => format!("{}qu", &stem[..stem.len() - 1]),
        Some(b'g') if is_a => format!("{stem}u"),
        Some(b'z') if is_a => format!("{}c", &stem[..stem.len() - 1]),
        _ => stem.to_owned(),
    };
    let mut add = |stem: &str, endings: &[(&str, Forms)]| {
        forms.extend(endings.iter().map(|(ending, which)| (format!("{stem}{ending}"), *which)));
    };
    if is_a {
        add(&stressed, &[("o", I), ("as", YOU), ("a", HE), ("an", THEY)]);
        add(
            stem,
            &[
                ("amos", WE),
                ("ai", YOU),
                ("ais", YOU),
                ("aste", DID),
                ("aron", DID),
                ("aba", USED_TO),
                ("abas", USED_TO),
                ("abamos", USED_TO),
                ("aban", USED_TO),
                ("ado", PARTICIPLE),
                ("ada", PARTICIPLE),
                ("ados", PARTICIPLE),
                ("adas", PARTICIPLE),
                ("ando", GERUND),
                ("ara", MIGHT),
                ("aran", MIGHT),
                ("aramos", MIGHT),
            ],
        );
        // only an accent tells `canceló` from `cancelo` and `cancelé` from `cancele`: it is kept as an apostrophe
        add(&soft(stem), &[("e'", I_DID), ("emos", WE)]);
        add(&soft(&stressed), &[("e", REQUEST), ("en", REQUEST_MANY), ("es", SO_THAT)]);
        add(stem, &[("o'", DID)]);
    } else {
        add(&stressed, &[("o", I), ("es", YOU), ("e", HE), ("en", THEY)]);
        add(&stressed, &[("a", REQUEST), ("an", REQUEST_MANY), ("as", SO_THAT)]);
        let weak = if change == Some("i") { stressed.as_str() } else { stem };
        add(weak, &[("io", DID), ("ieron", DID), ("iendo", GERUND), ("iera", MIGHT)]);
        add(
            stem,
            &[
                (if ending == "er" { "emos" } else { "imos" }, WE),
                ("is", YOU),
                ("i", I_DID),
                ("iste", DID),
                ("ia", USED_TO),
                ("ian", USED_TO),
                ("ido", PARTICIPLE),
                ("ida", PARTICIPLE),
                ("idos", PARTICIPLE),
                ("idas", PARTICIPLE),
            ],
        );
    }
    add(
        infinitive,
        &[
            ("e", I_WILL),
            ("as", WILL),
            ("a", WILL),
            ("emos", I_WILL),
            ("an", WILL),
            ("ia", WOULD),
            ("ias", WOULD),
            ("ian", WOULD),
            ("iamos", WOULD),
        ],
    );
}

fn replace_last(stem: &str, vowels: &[char], with: &str) -> String {
    match stem.rfind(vowels) {
        Some(at) => format!("{}{with}{}", &stem[..at], &stem[at + 1..]),
        None => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_known_in_its_forms_by_its_infinitive_alone() {
        let (_, forms) = conjugate("cancelar");
        let is = |form: &str, which| {
            forms.iter().filter(|(text, _)| text == form).fold(0, |all, (_, forms)| all | forms) & which != 0
        };
        assert!(is("cancelo", I) && is("cancelo'", DID) && is("cancele", REQUEST) && is("cancele'", I_DID));
        assert!(is("cancelaria", WOULD) && is("cancelen", REQUEST_MANY) && is("cancelado", PARTICIPLE));
        let (_, forms) = conjugate("mover ue");
        assert!(forms.iter().any(|(form, which)| form == "muevo" && *which == I));
        let (_, forms) = conjugate("postergar");
        assert!(forms.iter().any(|(form, _)| form == "postergue"));
        let (_, forms) = conjugate("pedir i");
        assert!(
            forms.iter().any(|(form, _)| form == "pido") && forms.iter().any(|(form, _)| form == "pidiendo")
        );
    }
}
