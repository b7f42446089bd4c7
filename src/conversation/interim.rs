//! Interim reading of messages until the understanding room is there.
use super::message::{Assent, Command, Message, Relative, Safety};
use super::need::Event;
use super::state::Choice;
use crate::value::{DayRange, TimeRange, Window};
use chrono::{Datelike, Days, NaiveDate};

pub(super) fn normal_form(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        let c = match c {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            c => c,
        };
        if c.is_alphanumeric() || c == ':' || c == '-' { out.push(c) } else { out.push(' ') }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn read(message: &mut Message, options: &[Choice], event: &Event) {
    let normal = message.normal.clone();
    let has = |phrase: &str| format!(" {normal} ").contains(&format!(" {phrase} "));
    let words: Vec<&str> = normal.split_whitespace().collect();
    let first = words.first().copied().unwrap_or("");
    if has("dolor en el pecho") || has("dolor de pecho") {
        message.safety = Some(Safety::Emergency);
    }
    if has("no quiero vivir") || has("quiero morir") {
        message.safety = Some(Safety::SelfHarm);
    }
    message.assent = if words.contains(&"no") || first == "tampoco" {
        Some(Assent::No)
    } else if ["si", "confirmo", "claro"].contains(&first) && !has("pero") {
        Some(Assent::Yes)
    } else if ["ya", "bueno", "ok", "dale"].contains(&first) && words.len() <= 3 {
        Some(Assent::WeakYes)
    } else {
        None
    };
    let number = words.iter().find_map(|w| w.parse::<i64>().ok());
    if words.len() <= 2 {
        message.number = number;
    }
    message.choice = if words.len() <= 2 {
        number.and_then(|n| usize::try_from(n - 1).ok()).filter(|n| *n < options.len())
    } else {
        None
    };
    for (n, word) in ["primera", "segunda", "tercera", "cuarta"].iter().enumerate() {
        if has(word) && n < options.len() {
            message.choice = Some(n);
        }
    }
    let today = event.local.date();
    let mut window = Window::ANY;
    let names = ["lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"];
    for (n, name) in names.iter().enumerate() {
        if has(name) {
            let ahead = (7 + n as u64 - u64::from(today.weekday().num_days_from_monday())) % 7;
            window.days = vec![DayRange::one(today + Days::new(if ahead == 0 { 7 } else { ahead }))];
        }
    }
    if has("mañana") || (has("manana") && !has("la manana")) {
        window.days = vec![DayRange::one(today + Days::new(1))];
    }
    if has("ayer") {
        window.days = vec![DayRange::one(today - Days::new(1))];
    }
    if has("en la tarde") {
        window.times = vec![TimeRange { start: 720, end: 1200 }];
    }
    if has("en la manana") {
        window.times = vec![TimeRange { start: 480, end: 720 }];
    }
    for (i, word) in words.iter().enumerate() {
        let at = if let Some((h, m)) = word.split_once(':') {
            h.parse::<u16>().ok().zip(m.parse::<u16>().ok())
        } else if i > 1 && words[i - 1] == "las" && (words[i - 2] == "a" || words[i - 2] == "de") {
            word.parse::<u16>().ok().map(|h| (h, 0))
        } else {
            None
        };
        if let Some((h, m)) = at {
            let h = if h < 8 { h + 12 } else { h };
            let start = h * 60 + m;
            window.times = vec![TimeRange { start, end: start + 1 }];
            message.clock = true;
        }
    }
    if !window.is_any() {
        message.window = Some(window);
    }
    if let Some(w) = &message.window
        && message.clock
        && message.assent != Some(Assent::No)
    {
        let fit: Vec<usize> = options
            .iter()
            .enumerate()
            .filter(|(_, o)| o.starts.is_some_and(|s| w.allows(s)))
            .map(|(i, _)| i)
            .collect();
        if let [only] = fit[..] {
            message.choice = Some(only);
        }
    }
    message.indifferent = has("cualquiera") || has("da lo mismo");
    message.relative = if has("mas horas") || normal == "mas" {
        Some(Relative::More)
    } else if has("otro dia") {
        Some(Relative::OtherDay)
    } else if has("mas temprano") {
        Some(Relative::Earlier)
    } else if has("mas tarde") {
        Some(Relative::Later)
    } else if has("antes") && words.len() < 3 {
        Some(Relative::Sooner)
    } else {
        None
    };
    message.command = match normal.as_str() {
        "menu" => Some(Command::Menu),
        "atras" | "volver" => Some(Command::Back),
        "cancelar" => Some(Command::Cancel),
        "repetir" | "repite" => Some(Command::Repeat),
        "persona" => Some(Command::Person),
        "ayuda" => Some(Command::Help),
        "empezar de nuevo" => Some(Command::StartAnew),
        "saltar" => Some(Command::Skip),
        "cambiar" => Some(Command::Change(None)),
        other => other.strip_prefix("cambiar ").map(|what| Command::Change(Some(what.to_owned()))),
    };
    let intent = if has("cancelar") || has("anular") {
        Some("cancelar")
    } else if has("mis horas") {
        Some("ver_horas")
    } else if has("cambiar mi hora") || has("reagendar") {
        Some("reagendar")
    } else if has("hora") || has("agendar") {
        Some("agendar")
    } else if has("gracias") {
        Some("gracias")
    } else if first == "hola" {
        Some("saludo")
    } else if has("hablar con") {
        Some("humano")
    } else {
        None
    };
    message.intent = intent.map(str::to_owned);
    message.rut = words.iter().find(|w| w.contains('-') && w.len() < 12).and_then(|w| w.parse().ok());
    message.birth = words.iter().find_map(|w| NaiveDate::parse_from_str(w, "%d-%m-%Y").ok());
}
