//! Invented people: Chilean names, RUTs with their check digit, ages as a CESFAM sees them.

use chrono::{Days, NaiveDate};

use super::draw::Draw;
use crate::value::Rut;
use crate::value::rut::check_digit;

const WOMEN: [&str; 40] = [
    "María",
    "Ana",
    "Rosa",
    "Carmen",
    "Juana",
    "Patricia",
    "Claudia",
    "Carolina",
    "Daniela",
    "Camila",
    "Javiera",
    "Constanza",
    "Francisca",
    "Valentina",
    "Sofía",
    "Isidora",
    "Martina",
    "Antonia",
    "Catalina",
    "Fernanda",
    "Marcela",
    "Verónica",
    "Paola",
    "Gladys",
    "Elena",
    "Luz",
    "Teresa",
    "Silvia",
    "Margarita",
    "Norma",
    "Ximena",
    "Loreto",
    "Pamela",
    "Nicole",
    "Josefa",
    "Amanda",
    "Graciela",
    "Irma",
    "Adriana",
    "Viviana",
];
const MEN: [&str; 40] = [
    "José",
    "Juan",
    "Luis",
    "Carlos",
    "Jorge",
    "Manuel",
    "Pedro",
    "Francisco",
    "Héctor",
    "Sergio",
    "Cristián",
    "Rodrigo",
    "Felipe",
    "Sebastián",
    "Matías",
    "Benjamín",
    "Vicente",
    "Martín",
    "Diego",
    "Nicolás",
    "Andrés",
    "Claudio",
    "Mauricio",
    "Patricio",
    "Hernán",
    "Raúl",
    "Víctor",
    "Ricardo",
    "Eduardo",
    "Fernando",
    "Gabriel",
    "Tomás",
    "Ignacio",
    "Joaquín",
    "Agustín",
    "Oscar",
    "Mario",
    "Rubén",
    "Hugo",
    "Alejandro",
];
const SURNAMES: [&str; 64] = [
    "González",
    "Muñoz",
    "Rojas",
    "Díaz",
    "Pérez",
    "Soto",
    "Contreras",
    "Silva",
    "Martínez",
    "Sepúlveda",
    "Morales",
    "Rodríguez",
    "López",
    "Fuentes",
    "Hernández",
    "Torres",
    "Araya",
    "Flores",
    "Espinoza",
    "Valenzuela",
    "Castillo",
    "Tapia",
    "Reyes",
    "Gutiérrez",
    "Castro",
    "Pizarro",
    "Álvarez",
    "Vásquez",
    "Sánchez",
    "Fernández",
    "Ramírez",
    "Carrasco",
    "Gómez",
    "Cortés",
    "Herrera",
    "Núñez",
    "Jara",
    "Vergara",
    "Rivera",
    "Figueroa",
    "Riquelme",
    "García",
    "Miranda",
    "Bravo",
    "Vera",
    "Molina",
    "Vega",
    "Campos",
    "Sandoval",
    "Orellana",
    "Cárdenas",
    "Olivares",
    "Alarcón",
    "Gallardo",
    "Ortiz",
    "Garrido",
    "Salazar",
    "Guzmán",
    "Henríquez",
    "Saavedra",
    "Navarro",
    "Aguilera",
    "Parra",
    "Leiva",
];

/// A name with two surnames.
pub(super) fn name(draw: &mut Draw, woman: bool) -> String {
    let first = if woman { WOMEN[draw.place(WOMEN.len())] } else { MEN[draw.place(MEN.len())] };
    let (father, mother) = (SURNAMES[draw.place(SURNAMES.len())], SURNAMES[draw.place(SURNAMES.len())]);
    format!("{first} {father} {mother}")
}

/// A RUT and a birth date that go together: the younger, the higher the number.
pub(super) fn identity(draw: &mut Draw, today: NaiveDate) -> (Rut, NaiveDate) {
    // children, adults, and more of the old than there are in the country
    let days = match draw.below(100) {
        0..=21 => draw.below(15 * 365),
        22..=69 => 15 * 365 + draw.below(45 * 365),
        _ => 60 * 365 + draw.below(35 * 365),
    };
    let birth = today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let about = 28_000_000 - days * 750;
    loop {
        let number = u32::try_from(about - draw.below(700_000)).unwrap_or(0);
        if let Ok(run) = Rut::new(number, check_digit(number)) {
            return (run, birth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_of_every_age_and_have_a_number_that_fits() {
        let mut draw = Draw::new(1);
        let today: NaiveDate = "2026-11-25".parse().unwrap();
        let people: Vec<_> = (0..1000).map(|_| identity(&mut draw, today)).collect();
        assert!(
            people
                .iter()
                .all(|(run, birth)| (1_000_000..28_000_000).contains(&run.number()) && *birth <= today)
        );
        let old = people.iter().filter(|(_, birth)| (today - *birth).num_days() > 60 * 365).count();
        assert!((250..350).contains(&old), "{old}");
    }
}
