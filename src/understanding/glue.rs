//! The small words that a grammar of days and hours hangs on, as a closed enum: matching is on values, not on text.

macro_rules! glue {
    ($($name:ident = $($text:literal)|+),* $(,)?) => {
        /// A word that a grammar asks for by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(super) enum W {
            /// None of them.
            #[default]
            Other,
            $($name),*
        }

        /// Every spelling of them, in normal form.
        pub(super) const GLUE: &[(&str, W)] = &[$($(($text, W::$name)),+),*];
    };
}

glue! {
    A = "a", Al = "al", El = "el", La = "la", Las = "las", Los = "los", Lo = "lo", Un = "un" | "uno" | "una",
    De = "de", Del = "del", En = "en", Por = "por", Para = "para", Con = "con", Y = "y", E = "e", O = "o" | "u", Ni = "ni",
    Que = "que", No = "no", Si = "si", Es = "es" | "seria" | "sea", Se = "se", Me = "me",
    Este = "este" | "esta" | "estos" | "estas", Ese = "ese" | "esa" | "esos" | "esas" | "aquel" | "aquella",
    Mismo = "mismo" | "misma", Actual = "actual" | "corriente" | "presente",
    Proximo = "proximo" | "proxima" | "proximos" | "proximas", Siguiente = "siguiente" | "siguientes",
    Subsiguiente = "subsiguiente", Otro = "otro" | "otra" | "otros" | "otras", Entrante = "entrante",
    Pasado = "pasado" | "pasada" | "pasados" | "pasadas", Anterior = "anterior", Ultimo = "ultimo" | "ultima" | "ultimos" | "ultimas",
    Viene = "viene" | "vienen", Hoy = "hoy", Manana = "mañana" | "mañanas", Ayer = "ayer", Anteayer = "anteayer" | "antier" | "antiayer",
    Anoche = "anoche", Ahora = "ahora", Ya = "ya", Tiro = "tiro", Dentro = "dentro", Hace = "hace", Partir = "partir",
    Adelante = "adelante", Aqui = "aqui" | "aca", Mas = "mas", Menos = "menos", Excepto = "excepto" | "salvo" | "exceptuando",
    Antes = "antes", Despues = "despues", Luego = "luego", Desde = "desde", Hasta = "hasta", Entre = "entre",
    Tarde = "tarde" | "tardes", Noche = "noche" | "noches", Madrugada = "madrugada", Mediodia = "mediodia", Medianoche = "medianoche",
    Temprano = "temprano" | "temprana", Media = "media", Medio = "medio", Mitad = "mitad", Cuarto = "cuarto" | "cuartos", Pico = "pico" | "algo" | "tanto",
    Punto = "punto", Am = "am", Pm = "pm", M = "m", P = "p", H = "h", Hora = "hora" | "horas" | "hs", Primera = "primera" | "primeras" | "primer" | "primeros" | "primero",
    Principio = "principio" | "principios" | "comienzo" | "comienzos" | "inicio" | "inicios", Fines = "fines" | "finales" | "final" | "fin",
    Mediados = "mediados", Resto = "resto", Semana = "semana" | "semanas", Dia = "dia" | "dias", Mes = "mes" | "meses", Quincena = "quincena",
    Anio = "año" | "años", Habil = "habil" | "habiles", Almuerzo = "almuerzo" | "almorzar", Once = "once", Desayuno = "desayuno", Cena = "cena" | "comida",
    Tipo = "tipo", Como = "como", Sobre = "sobre", Cerca = "cerca", Eso = "eso", Hacia = "hacia", Alrededor = "alrededor", Aproximadamente = "aproximadamente",
    Faltan = "faltan" | "falta" | "faltando", Minuto = "minuto" | "minutos" | "min" | "mins", Segundo = "segundo" | "segundos", Semestre = "semestre",
    Cuanto = "cuanto", Apenas = "apenas", Pronto = "pronto", Posible = "posible", Rapido = "rapido", Brevedad = "brevedad", Cercana = "cercana" | "cercano", Inmediato = "inmediatamente" | "inmediato", Urgente = "urgente" | "urgentemente", Momento = "momento" | "instante",
    Tan = "tan", Subir = "subiendo", Cualquier = "cualquier" | "cualquiera", Todos = "todos" | "todas" | "todo" | "toda", Cada = "cada", Solo = "solo" | "solamente",
    Par = "par", Unos = "unos" | "unas" | "algunos" | "algunas" | "pocos" | "pocas" | "varios",
    Acabar = "acabar" | "terminar" | "cerrar" | "finalizar", Horario = "horario", Entresemana = "entresemana", Finde = "finde", Opcion = "opcion" | "alternativa", Numero = "numero" | "n", Jornada = "jornada" | "bloque",
    Hubiera = "hubiera" | "hubiese", Empezando = "empezando" | "comenzando" | "iniciando" | "partiendo", Tardar = "tardar", Salir = "salida" | "saliendo" | "salir" | "salgo",
    Atras = "atras" | "antesito", Trimestre = "trimestre", Durante = "durante", Fecha = "fecha", Tiene = "tiene" | "tienen" | "tendra" | "tendran" | "tienes" | "hay" | "habra" | "queda" | "quedan",
}
