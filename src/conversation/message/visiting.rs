//! What a message says of a visit that was booked: that it cannot be kept, that another day is wanted for it, that
//! the patient will never come again.

use super::{Message, RELATIVES};

/// Verbs with which patients say whether they come.
const COMES: [&str; 22] = [
    "puedo", "puede", "pueden", "podemos", "podre", "podra", "podremos", "podria", "voy", "va", "vamos",
    "ire", "ira", "iremos", "alcanzo", "asisto", "asistire", "asistira", "llego", "usare", "usar", "pudo",
];

/// Other words for moving a visit than the name of a day.
const OTHERWISE: [[&str; 2]; 8] = [
    ["dar", "otra"],
    ["darme", "otra"],
    ["otra", "hora"],
    ["otro", "dia"],
    ["otra", "fecha"],
    ["mejor", "el"],
    ["mejor", "la"],
    ["prefiero", "el"],
];

impl Message {
    /// "No puedo ir", "Elena no va a ir": says that somebody does not come, not that something is refused.
    pub(in crate::conversation) fn is_unable(&self) -> bool {
        self.words.iter().enumerate().any(|(at, word)| {
            let near = self.words[at + 1..].iter().take(3);
            word == "no" && near.into_iter().any(|near| COMES.contains(&near.as_str()))
        })
    }

    /// "No puedo ir, mejor el martes": the visit is to be moved, not to be cancelled.
    pub(in crate::conversation) fn wants_it_moved(&self) -> bool {
        let gives_up =
            |word: &String| ["anul", "cancel", "borr", "elimin"].iter().any(|stem| word.starts_with(stem));
        self.is_unable()
            && !self.words.iter().any(gives_up)
            && self.words.windows(2).any(|two| OTHERWISE.iter().any(|pair| two == pair))
    }

    /// "Mejor cámbiala", "prefiero otro día": said beside the question whether to cancel.
    pub(in crate::conversation) fn rather_moves_it(&self) -> bool {
        let moves = self.words.iter().any(|word| word.starts_with("cambi") || word.starts_with("reagend"));
        let other = self.words.windows(2).any(|two| {
            ["otro", "otra"].contains(&two[0].as_str()) && ["dia", "fecha"].contains(&two[1].as_str())
        });
        self.words.len() <= 6 && (moves || other) && !self.words.iter().any(|word| word == "no")
    }

    /// "Cambiar la del médico": a visit is named by what it is for, which asks for no new one.
    pub(in crate::conversation) fn moves_a_visit(&self) -> bool {
        self.words.windows(3).any(|three| {
            ["cambi", "mover", "mueve", "mueva", "reagend"].iter().any(|stem| three[0].starts_with(stem))
                && ["la", "mi"].contains(&three[1].as_str())
                && ["del", "de"].contains(&three[2].as_str())
        })
    }

    /// The words as they were written, but for capitals and accents: "anúlala" in one word.
    pub(in crate::conversation) fn written(&self) -> Vec<String> {
        let plain = |letter: char| match letter {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            letter => letter,
        };
        let told: String = self.text.to_lowercase().chars().map(plain).collect();
        let words = told.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// "Ya no quiero nada", "déjelo", "no, gracias": said of all that is read out.
    pub(in crate::conversation) fn refuses_all(&self) -> bool {
        let whole = self.without_courtesy().unwrap_or_else(|| self.normal.clone());
        let thanked = self.words.iter().any(|word| word == "gracias");
        let refuses = [
            "ya no quiero nada",
            "no quiero nada",
            "no quiero ninguna",
            "ya no la quiero",
            "ya no",
            "dejalo",
            "dejalo asi",
            "deje lo",
            "deja lo",
            "dejemoslo",
            "mejor no",
        ];
        // "déjelo", "déjelo así no más", with the pronoun before it is heard as two words
        let told = self.written();
        let mut told = told.iter().map(String::as_str);
        let lets_be = told.next().is_some_and(|first| ["dejelo", "dejalo", "dejemoslo"].contains(&first))
            && told.all(|word| ["asi", "no", "mas", "nomas", "mejor", "gracias"].contains(&word));
        let refused = |words: &str| refuses.contains(&words);
        lets_be || refused(&whole) || refused(&self.normal) || thanked && whole == "no"
    }

    /// "Falleció mi mamá".
    pub(in crate::conversation) fn mourns(&self) -> bool {
        let relative = self.words.iter().any(|word| RELATIVES.contains(&word.as_str()));
        self.words.iter().any(|word| {
            word.starts_with("fallec") || (relative && ["murio", "muerto", "muerta"].contains(&word.as_str()))
        })
    }

    /// "Mi hijo de 5 años necesita dentista".
    pub(super) fn says_a_relative_needs(&self) -> bool {
        self.words.windows(2).enumerate().any(|(at, two)| {
            let after = self.words[at + 2..].iter().take(5);
            two[0] == "mi"
                && RELATIVES.contains(&two[1].as_str())
                && after
                    .into_iter()
                    .any(|word| ["necesita", "requiere", "quiere", "busca"].contains(&word.as_str()))
        })
    }

    /// "¿Qué día es?", "con quién es": about what is read out.
    pub(in crate::conversation) fn asks_what_is_read_out(&self) -> bool {
        let two = self.words.get(..2).unwrap_or_default();
        let asks = [
            ["que", "dia"],
            ["con", "quien"],
            ["que", "hora"],
            ["a", "que"],
            ["cuando", "es"],
            ["donde", "es"],
        ];
        self.words.len() <= 5
            && asks.iter().any(|pair| two == pair)
            && self.words.iter().any(|word| ["es", "era", "seria", "queda", "sera"].contains(&word.as_str()))
    }
}
