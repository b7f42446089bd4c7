//! A mistake in a flow: where, what, and how to mend it.

use std::fmt;

use super::definition::Span;
use super::load::normal;

/// A mistake in a flow file.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowError {
    /// A code that stays the same over versions: `F012`; see [`CODES`].
    pub code: &'static str,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty when the message says it already.
    pub fix: String,
    /// The line, with a mark under the place; empty when there is none.
    pub snippet: String,
}

impl FlowError {
    /// A mistake at a place of `source`.
    pub fn new(
        code: &'static str,
        span: Span,
        source: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let line = source.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
        let snippet = if line.trim().is_empty() {
            String::new()
        } else {
            let indent = " ".repeat((span.column as usize).saturating_sub(1));
            format!("{:>5} | {line}\n      | {indent}^", span.line)
        };
        Self { code, span, message: message.into(), fix: fix.into(), snippet }
    }

    /// File, line and column, to order by.
    pub(super) fn place(&self) -> (&str, u32, u32) {
        (&self.span.file, self.span.line, self.span.column)
    }
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { file, line, column } = &self.span;
        write!(f, "{file}:{line}:{column}: {} {}", self.code, self.message)?;
        if !self.snippet.is_empty() {
            write!(f, "\n{}", self.snippet)?;
        }
        if !self.fix.is_empty() {
            write!(f, "\n      = fix: {}", self.fix)?;
        }
        Ok(())
    }
}

impl std::error::Error for FlowError {}

impl Span {
    /// The first place from here on, a few lines at most, where the word stands whole; else here.
    pub(super) fn at_word(&self, source: &str, word: &str) -> Self {
        const LINES: usize = 40;
        let first = (self.line as usize).saturating_sub(1);
        for (index, line) in source.lines().enumerate().skip(first).take(LINES) {
            if line.trim_start().starts_with('#') {
                continue;
            }
            let from = if index == first { (self.column as usize).saturating_sub(1) } else { 0 };
            if let Some(column) = column_of(line, word, from) {
                let number = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
                return Self { file: self.file.clone(), line: number(index), column: number(column) };
            }
        }
        self.clone()
    }
}

impl Span {
    /// The place, a few lines at most from here on, where an item of a list is `word` in normal form, however it
    /// is spelt; after so many others like it. Else here.
    pub(super) fn at_spelling(&self, source: &str, word: &str, others: usize) -> Self {
        const LINES: usize = 40;
        let ends_item = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}' | '"' | '\'' | ':');
        let first = (self.line as usize).saturating_sub(1);
        let mut left = others;
        for (index, line) in source.lines().enumerate().skip(first).take(LINES) {
            let from = if index == first { (self.column as usize).saturating_sub(1) } else { 0 };
            let mut column = 0;
            for item in line.split(ends_item) {
                let text = item.trim_start_matches([' ', '-']);
                let begins = column + item.chars().count() - text.chars().count();
                column += item.chars().count() + 1;
                if begins < from || normal(text) != word {
                    continue;
                }
                if left == 0 {
                    let number = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
                    return Self { file: self.file.clone(), line: number(index), column: number(begins) };
                }
                left -= 1;
            }
        }
        self.clone()
    }
}

/// Where a word stands whole in a line, counted in characters from 0.
fn column_of(line: &str, word: &str, from: usize) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let places = line.match_indices(word).filter(|_| !word.is_empty());
    for (byte, _) in places {
        let column = line[..byte].chars().count();
        let before = line[..byte].chars().next_back().is_some_and(inside);
        let after = line[byte + word.len()..].chars().next().is_some_and(inside);
        if column >= from && !before && !after {
            return Some(column);
        }
    }
    None
}

/// The closest of the known words; else all of them, behind words such as `there are`.
pub fn nearest<'a, K>(word: &str, otherwise: &str, known: K) -> String
where
    K: IntoIterator<Item = &'a str>,
{
    let known: Vec<&str> = known.into_iter().collect();
    match did_you_mean(word, known.iter().copied()) {
        near if near.is_empty() => format!("{otherwise} {}", known.join(", ")),
        near => near,
    }
}

/// `did you mean …?` for the closest of the known words; empty when none is close.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|one| (strsim::osa_distance(word, one), one));
    near.filter(|(distance, one)| *distance <= one.len() / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| format!("did you mean `{one}`?"))
        .unwrap_or_default()
}

/// Every code with what it stands for, as the guide for authors says it: `F` for mistakes, for which a book is
/// refused, `W` for advice.
pub const CODES: &[(&str, &str)] = &[
    ("F001", "no se puede leer: no es YAML, o una clave es desconocida, repetida o de otro tipo"),
    ("F002", "en un texto, una llave o un corchete fuera de lugar, o un filtro que no existe"),
    ("F003", "no es una expresión"),
    ("F004", "no hay tal reparación"),
    ("F005", "no es flujo ni reparación, o es ambas cosas"),
    ("F006", "dos archivos definen lo mismo"),
    ("F007", "no es un tiempo"),
    ("F008", "no hay tal tipo de campo"),
    ("F009", "dos opciones con la misma clave"),
    ("F010", "una elección sin filas ni opciones"),
    ("F011", "un paso que no es nada, o es varias cosas"),
    ("F012", "falta un texto"),
    ("F013", "no es la llamada de un puerto"),
    ("F014", "no hay tal puerto"),
    ("F015", "un argumento que el puerto no recibe"),
    ("F016", "una clave que ahí no significa nada"),
    ("F017", "un argumento dado dos veces"),
    ("F020", "falta una reparación"),
    ("F021", "una respuesta fija que nada pregunta"),
    ("F022", "un campo que nunca se pregunta"),
    ("F023", "una elección de algo que nunca se lee"),
    ("F024", "más opciones de las que caben"),
    ("F025", "una etiqueta más larga de lo que WhatsApp muestra"),
    ("F026", "no hay tal columna"),
    ("F027", "un paso al que nunca se llega"),
    ("F028", "un puerto llamado con la palabra equivocada"),
    ("F029", "un resultado que no va a ninguna parte, o que no existe"),
    ("F030", "falta un argumento"),
    ("F031", "una respuesta del puerto sin rama"),
    ("F032", "una rama para lo que el puerto nunca contesta"),
    ("F033", "un argumento de otro tipo"),
    ("F034", "un argumento que puede faltar y no debe"),
    ("F035", "una rama o condición que no hace nada"),
    ("F036", "una rama que no dice qué viene al final"),
    ("F037", "un texto demasiado largo"),
    ("F038", "un valor que puede faltar, fuera de corchetes"),
    ("F039", "no hay tal campo"),
    ("F040", "nada se llama así"),
    ("F041", "no hay tal flujo"),
    ("F042", "un valor que no se puede decir así"),
    ("F043", "una condición que no es un sí o no"),
    ("F044", "no hay tal intención"),
    ("F045", "un nombre usado antes de que pueda estar"),
    ("F046", "flujos que dan vueltas sin preguntar nada"),
    ("F047", "una palabra de una opción que también inicia un flujo o es una orden"),
    ("F048", "una palabra para dos opciones"),
    ("F049", "una palabra o intención para dos flujos"),
    ("F050", "una respuesta que no se usa"),
    ("F051", "una opción que no hace nada"),
    ("F052", "un nombre que se llena dos veces"),
    ("F053", "se escribe en la agenda sin un sí como corresponde"),
    ("F054", "se dice que sí a algo que no se leyó"),
    ("F055", "algo que solo puede hacer una reparación"),
    ("F056", "un nombre antiguo que sigue en uso"),
    ("F057", "un nombre o clave que no se puede usar"),
    ("F058", "un rango donde no cabe nada"),
    ("F059", "una comparación con una opción que no existe"),
    ("F060", "rechaza algo que no es una fila"),
    ("F061", "una palabra para dos campos"),
    ("F062", "una condición que nunca se cumple, o que se cumple siempre"),
    ("F063", "se cierra antes de recordar"),
    ("F064", "un texto que WhatsApp ya no dejaría enviar: pasaron más de 24 horas"),
    ("F065", "quien pide una persona no llega a ella en dos turnos"),
    ("F066", "una palabra que ningún mensaje puede ser"),
    ("F067", "olvida una respuesta que un `commit` ya usó"),
    ("F068", "una pregunta debajo de un menú que no guarda su respuesta"),
    ("F070", "dos archivos de textos para lo mismo"),
    ("F071", "una voz que no lleva a ninguna parte"),
    ("F072", "no hay texto con esa dirección"),
    ("F073", "una voz de la que no hay textos"),
    ("F074", "no dice para cada uno de qué"),
    ("F075", "no es una unidad de tiempo"),
    ("F076", "un motivo para el personal con valores adentro"),
    ("W001", "una pregunta sin ayuda"),
    ("W002", "un flujo al que nada lleva"),
    ("W003", "una fila que siempre se corta"),
    ("W004", "una pregunta para dos respuestas fijas"),
    ("W005", "la misma palabra dos veces: las tildes y mayúsculas no cuentan"),
    ("W006", "el flujo termina sin decir nada"),
    ("W007", "una lectura que nada usa"),
    ("W009", "un flujo sin título"),
    ("W010", "se cierra cuando WhatsApp ya no deja despedirse: pasaron 24 horas"),
];
