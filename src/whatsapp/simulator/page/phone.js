// Shows what the simulator says is on each phone, and sends what a person types or taps there.
// The simulator is the truth: nothing is drawn before it says so, so two pages always show the same.
"use strict";

(() => {
  const phones = new Map(); // number -> {root, log, bubbles: Map(id -> element), data: Map(id -> bubble)}
  const zone = "America/Santiago";
  const clock = new Intl.DateTimeFormat("es-CL", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  const dayName = new Intl.DateTimeFormat("es-CL", { weekday: "long", day: "numeric", month: "long", timeZone: zone });
  const tickNames = { waiting: "Enviando", delivered: "Recibido por el centro", read: "Leído por el centro", failed: "No se pudo enviar" };

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
  }

  // *bold*, _italic_, ~struck~ and ```mono```, as WhatsApp shows them.
  function words(text) {
    const out = document.createDocumentFragment();
    const marks = /(^|[\s(¿¡])([*_~])(?=\S)([^\n]*?\S)\2(?=$|[\s).,;:!?])|```([\s\S]+?)```/gu;
    let from = 0;
    for (const found of text.matchAll(marks)) {
      out.append(text.slice(from, found.index) + (found[1] ?? ""));
      const tag = { "*": "strong", "_": "em", "~": "s" }[found[2]] ?? "code";
      out.append(element(tag, "", found[3] ?? found[4]));
      from = found.index + found[0].length;
    }
    out.append(text.slice(from));
    return out;
  }

  function readable(number) {
    return number.replace(/^(56)(9)(\d{4})(\d{4})$/, "+$1 $2 $3 $4").replace(/^(\d)/, "+$1").replace("++", "+");
  }

  // ---- a phone ----

  function setUp(root) {
    const number = root.dataset.phone;
    const log = root.querySelector("[data-log]");
    const input = root.querySelector("[data-input]");
    const phone = { number, root, log, input, bubbles: new Map(), data: new Map(), opener: null };
    phones.set(number, phone);

    root.querySelector("[data-number]").textContent = readable(number);
    input.id = `message-${number}`;
    root.querySelector("[data-label]").htmlFor = input.id;

    root.querySelector("[data-composer]").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return input.focus();
      input.value = "";
      fit(input);
      send(phone, { text }).then((taken) => {
        // nothing typed is lost when it could not be sent
        if (!taken && !input.value) input.value = text;
      });
      input.focus();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        root.querySelector("[data-composer]").requestSubmit();
      }
    });
    input.addEventListener("input", () => fit(input));
    root.querySelector("[data-voice]").addEventListener("click", () => send(phone, { voice: null }));

    // only the phone in use speaks to a screen reader: with several side by side, all of them would be noise
    root.addEventListener("focusin", () => {
      for (const other of phones.values()) other.log.setAttribute("aria-live", other === phone ? "polite" : "off");
    });

    log.addEventListener("click", (event) => {
      const option = event.target.closest("[data-option]");
      const open = event.target.closest("[data-open-list]");
      if (option) tap(phone, option.dataset.option, option.closest("[data-bubble]").dataset.bubble, option);
      if (open) openList(phone, open);
    });
    const sheet = root.querySelector("[data-sheet]");
    sheet.addEventListener("click", (event) => {
      const row = event.target.closest("[data-option]");
      if (row) {
        const of = sheet.dataset.of;
        closeList(phone);
        tap(phone, row.dataset.option, of);
      } else if (event.target.closest("[data-close-list]")) {
        closeList(phone);
      }
    });
    sheet.addEventListener("keydown", (event) => sheetKeys(phone, sheet, event));
    root.querySelector("[data-veil]").addEventListener("click", () => closeList(phone));
    return phone;
  }

  function fit(input) {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 150)}px`;
  }

  // ---- sending ----

  async function send(phone, what) {
    const error = phone.root.querySelector("[data-error]");
    try {
      const answer = await fetch("/phone/send", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ phone: phone.number, ...what }),
      });
      error.hidden = answer.ok;
      if (!answer.ok) error.textContent = "El centro no recibió el mensaje. Inténtalo de nuevo en un momento.";
      return answer.ok;
    } catch {
      error.hidden = false;
      error.textContent = "No hay conexión con la demostración. ¿Sigue encendida?";
      return false;
    }
  }

  async function tap(phone, id, of, button) {
    if (button) button.disabled = true;
    await send(phone, { option: { id, of } });
    if (button) {
      button.disabled = false;
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    }
  }

  // ---- the list ----

  function openList(phone, opener) {
    const bubble = phone.data.get(opener.closest("[data-bubble]").dataset.bubble);
    const sheet = phone.root.querySelector("[data-sheet]");
    sheet.dataset.of = bubble.id;
    sheet.querySelector("[data-sheet-title]").textContent = bubble.list_label ?? "Opciones";
    sheet.setAttribute("aria-label", bubble.list_label ?? "Opciones");
    const rows = bubble.options.map((option) => {
      const row = element("button", "row");
      row.type = "button";
      row.dataset.option = option.id;
      row.append(element("span", "row-title", option.title));
      if (option.detail) row.append(element("span", "row-detail", option.detail));
      const item = element("li");
      item.append(row);
      return item;
    });
    sheet.querySelector("[data-rows]").replaceChildren(...rows);
    phone.opener = opener;
    sheet.hidden = false;
    phone.root.querySelector("[data-veil]").hidden = false;
    behind(phone, true);
    sheet.querySelector("[data-option]").focus();
  }

  function closeList(phone) {
    phone.root.querySelector("[data-sheet]").hidden = true;
    phone.root.querySelector("[data-veil]").hidden = true;
    behind(phone, false);
    phone.opener?.focus({ preventScroll: true });
    phone.opener = null;
  }

  // what lies behind an open list can be neither reached nor read
  function behind(phone, covered) {
    for (const part of phone.root.querySelectorAll("[data-log], [data-composer], .bar")) part.inert = covered;
  }

  function sheetKeys(phone, sheet, event) {
    const stops = [...sheet.querySelectorAll("button")];
    const rows = [...sheet.querySelectorAll("[data-option]")];
    const at = rows.indexOf(document.activeElement);
    const go = (target) => {
      event.preventDefault();
      target.focus();
    };
    if (event.key === "Escape") {
      event.preventDefault();
      closeList(phone);
    } else if (event.key === "ArrowDown") go(rows[(at + 1) % rows.length]);
    else if (event.key === "ArrowUp") go(rows[(at - 1 + rows.length) % rows.length]);
    else if (event.key === "Home") go(rows[0]);
    else if (event.key === "End") go(rows[rows.length - 1]);
    else if (event.key === "Tab") {
      const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
      if (document.activeElement === edge) go(event.shiftKey ? stops[stops.length - 1] : stops[0]);
    }
  }

  // ---- bubbles ----

  function draw(phone, bubble) {
    const box = element("article", "bubble");
    box.dataset.bubble = bubble.id;
    box.dataset.from = bubble.from_patient ? "patient" : "center";
    box.dataset.shape = bubble.shape;
    const inner = element("div", "inner");
    inner.append(element("span", "quiet", bubble.from_patient ? "Tú: " : "El centro: "));
    const quoted = bubble.quotes && phone.data.get(bubble.quotes);
    if (quoted) inner.append(element("p", "quote", quoted.text));
    const text = element("p", "words");
    text.dataset.words = "";
    if (bubble.shape === "media") text.append(icon(bubble.text.startsWith("Mensaje de voz") ? "voice" : "file"));
    text.append(words(bubble.text));
    inner.append(text);
    const foot = element("div", "foot");
    const time = element("time", "", clock.format(new Date(bubble.at)));
    time.dateTime = bubble.at;
    foot.append(time);
    if (bubble.from_patient) foot.append(tick(bubble.tick));
    inner.append(foot);
    box.append(inner);
    if (bubble.shape === "buttons" || bubble.shape === "list") box.append(choices(bubble));
    return box;
  }

  function tick(name) {
    const mark = element("span");
    mark.dataset.tick = name;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", tickNames[name]);
    mark.append(icon(name === "waiting" ? "clock" : name === "failed" ? "alert" : "ticks"));
    if (name === "failed") mark.append("No enviado");
    return mark;
  }

  function choices(bubble) {
    const group = element("div", "choices");
    if (bubble.shape === "list") {
      const open = element("button", "choice");
      open.type = "button";
      open.dataset.openList = "";
      open.setAttribute("aria-haspopup", "dialog");
      open.append(icon("list"), bubble.list_label ?? "Ver opciones");
      group.append(open);
      return group;
    }
    for (const option of bubble.options) {
      const button = element("button", "choice", option.title);
      button.type = "button";
      button.dataset.option = option.id;
      group.append(button);
    }
    return group;
  }

  function put(phone, bubble) {
    const known = phone.bubbles.get(bubble.id);
    phone.data.set(bubble.id, bubble);
    if (known) {
      // only its ticks ever change; redrawing would take the focus from its buttons
      known.querySelector("[data-tick]")?.replaceWith(tick(bubble.tick));
      return;
    }
    const atEnd = phone.log.scrollHeight - phone.log.scrollTop - phone.log.clientHeight < 80;
    phone.log.querySelector(".empty")?.remove();
    const last = phone.last;
    const day = dayKey.format(new Date(bubble.at));
    if (!last || dayKey.format(new Date(last.at)) !== day) phone.log.append(element("div", "day", nameOf(day, bubble.at)));
    const box = draw(phone, bubble);
    if (last && last.from_patient !== bubble.from_patient) box.dataset.turn = "new";
    phone.log.append(box);
    phone.bubbles.set(bubble.id, box);
    phone.last = bubble;
    if (atEnd || bubble.from_patient) toEnd(phone);
  }

  function nameOf(day, at) {
    const now = Date.now();
    if (day === dayKey.format(now)) return "Hoy";
    if (day === dayKey.format(now - 86_400_000)) return "Ayer";
    return dayName.format(new Date(at));
  }

  function toEnd(phone) {
    phone.log.scrollTop = phone.log.scrollHeight;
  }

  // Everything on a phone, after a connection was made: what is drawn already stays, so that the focus does too.
  function screen(phone, bubbles, typing) {
    phone.log.setAttribute("aria-busy", "true");
    const there = new Set(bubbles.map((bubble) => bubble.id));
    if ([...phone.bubbles.keys()].some((id) => !there.has(id))) {
      for (const old of phone.log.querySelectorAll(".bubble, .day")) old.remove();
      phone.bubbles.clear();
      phone.data.clear();
      phone.last = null;
    }
    for (const bubble of bubbles) put(phone, bubble);
    if (!bubbles.length && !phone.log.querySelector(".empty")) {
      phone.log.append(element("p", "empty", "Todavía no hay mensajes. Escribe «hola», o di con tus palabras qué necesitas."));
    }
    setTyping(phone, typing);
    toEnd(phone);
    phone.log.dataset.loaded = "true";
    phone.log.setAttribute("aria-busy", "false");
  }

  function setTyping(phone, on) {
    phone.root.querySelector("[data-typing]").hidden = !on;
    phone.root.querySelector("[data-state]").textContent = on ? "escribiendo…" : "en línea";
    if (on) toEnd(phone);
  }

  // ---- what happens ----

  let source = null;

  function listen() {
    source?.close();
    const status = document.getElementById("connection");
    const live = (on, text) => {
      status.dataset.live = String(on);
      if (status.textContent !== text) status.textContent = text;
    };
    source = new EventSource(`/phone/events?phones=${[...phones.keys()].join(",")}`);
    source.onopen = () => live(true, "Conectado");
    source.onerror = () => live(false, "Sin conexión, reintentando…");
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        const data = JSON.parse(event.data);
        const phone = phones.get(data.phone);
        if (phone) act(phone, data);
      });
    on("screen", (phone, data) => screen(phone, data.bubbles, data.typing));
    on("bubble", (phone, data) => put(phone, data.bubble));
    on("typing", (phone, data) => setTyping(phone, data.on));
  }

  // ---- the page ----

  const kept = "smartsalud.phones";

  function addPhone(number) {
    const root = document.getElementById("phone-template").content.firstElementChild.cloneNode(true);
    const name = "Teléfono desconocido";
    root.dataset.phone = number;
    root.setAttribute("aria-label", `${name} ${readable(number)}`);
    root.querySelector("[data-owner]").textContent = name;
    root.querySelector(".face").textContent = "?";
    root.querySelector("[data-about]").textContent = "El centro no conoce este número.";
    root.querySelector("[data-label]").textContent = `Mensaje de ${name}`;
    root.querySelector("[data-log]").setAttribute("aria-label", `Conversación de ${name}`);
    document.getElementById("phones").append(root);
    return setUp(root);
  }

  function larger(on) {
    document.documentElement.classList.toggle("larger", on);
    document.getElementById("larger").setAttribute("aria-pressed", String(on));
  }

  for (const root of document.querySelectorAll("main [data-phone]")) setUp(root);
  for (const number of JSON.parse(sessionStorage.getItem(kept) ?? "[]")) if (!phones.has(number)) addPhone(number);

  document.getElementById("add-phone").addEventListener("click", () => {
    const number = `5690000${String(Math.floor(Math.random() * 10000)).padStart(4, "0")}`;
    if (phones.has(number)) return;
    const phone = addPhone(number);
    sessionStorage.setItem(kept, JSON.stringify([...JSON.parse(sessionStorage.getItem(kept) ?? "[]"), number]));
    listen();
    phone.root.scrollIntoView({ block: "nearest" });
    phone.input.focus();
  });

  larger(localStorage.getItem("smartsalud.larger") === "true");
  document.getElementById("larger").addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("larger");
    localStorage.setItem("smartsalud.larger", String(on));
    larger(on);
  });

  listen();
})();
