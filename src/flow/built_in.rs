//! The flows that come with the program: those a centre would really use, until it writes its own.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::definition::Book;
use super::load;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../flows/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "agendar.yaml",
    "alta.yaml",
    "atraso.yaml",
    "baja.yaml",
    "cancelar.yaml",
    "confirmar.yaml",
    "consentimiento.yaml",
    "disponibilidad.yaml",
    "humano.yaml",
    "identificar.yaml",
    "lista_espera.yaml",
    "primer_contacto.yaml",
    "reagendar.yaml",
    "respuestas.yaml",
    "salir_lista.yaml",
    "ver_horas.yaml",
    "repair/broken.yaml",
    "repair/cancel.yaml",
    "repair/change.yaml",
    "repair/changed.yaml",
    "repair/close.yaml",
    "repair/emergency.yaml",
    "repair/frozen.yaml",
    "repair/handoff.yaml",
    "repair/hello.yaml",
    "repair/help.yaml",
    "repair/leave_first.yaml",
    "repair/media.yaml",
    "repair/menu.yaml",
    "repair/miss.yaml",
    "repair/no_back.yaml",
    "repair/nudge.yaml",
    "repair/offer.yaml",
    "repair/passed.yaml",
    "repair/self_harm.yaml",
    "repair/stale.yaml",
    "repair/thanks.yaml",
    "repair/too_early.yaml",
    "repair/with_staff.yaml",
];

/// The files, by name.
pub fn sources() -> BTreeMap<String, String> {
    FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

impl Book {
    /// The book of the built-in files.
    ///
    /// # Panics
    /// Never in a released program: a test loads them.
    pub fn built_in() -> &'static Self {
        static BOOK: OnceLock<Book> = OnceLock::new();
        BOOK.get_or_init(|| {
            load::book(&sources()).unwrap_or_else(|errors| {
                let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
                panic!("the built-in flows are not sound:\n{}", all.join("\n"))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_flows_are_sound() {
        assert!(Book::built_in().flows.contains_key("agendar"));
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("flows");
        let names = |folder: &std::path::Path, prefix: &str| -> Vec<String> {
            let entries = std::fs::read_dir(folder).unwrap().flatten();
            let files = entries.map(|entry| entry.file_name().into_string().unwrap());
            files.filter(|name| name.ends_with(".yaml")).map(|name| format!("{prefix}{name}")).collect()
        };
        let mut found = names(&folder, "");
        found.extend(names(&folder.join("repair"), "repair/"));
        found.sort();
        let mut known: Vec<String> = sources().into_keys().collect();
        known.sort();
        assert_eq!(found, known);
    }
}
