// The pages work without this. With it they renew themselves when something is committed, show times by the browser's clock, and
// take keys: j and k go through a list, o opens, a acknowledges, n writes a note.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const short = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const long = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

// Times: the browser's own clock, and UTC beside.
function showTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime()) || zone === "UTC" || time.dataset.utc) continue;
    time.dataset.utc = time.textContent;
    const isToday = moment.toDateString() === new Date().toDateString();
    time.textContent = `${(isToday ? short : long).format(moment)} (${time.dateTime.slice(11, 16)} UTC)`;
    time.title = time.dataset.utc;
  }
}

function length(seconds) {
  const minutes = Math.floor(Math.max(seconds, 0) / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

// Clocks that run.
function runClocks() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    clock.textContent = `${length((Date.now() - new Date(clock.dataset.since)) / 1000)} so far`;
  }
}

// Live: one stream, and the parts of the page that changed taken from the server. What the page says of it follows from what was heard.
const stateLine = document.querySelector(".bar .live");
// One page of a browser, which has few connections to a server, holds the stream and tells the others. Where pages cannot agree on
// one (plain HTTP) they load what is new from time to time.
const others = "BroadcastChannel" in window ? new BroadcastChannel("muster") : null;
const isFollowing = Boolean(others && navigator.locks);
const quietMax = 30000;
let heardAt = 0;
let lostAt = 0;
let isOpen = false;
let isOver = false;
let isLeading = false;
let failedAt = 0;
let isKept = false;

function report() {
  if (!stateLine) return;
  const isQuiet = isFollowing && (!isOpen || Date.now() - heardAt > quietMax);
  if (isQuiet && lostAt === 0) lostAt = heardAt;
  if (!isQuiet) lostAt = 0;
  let [text, isStale] = [isFollowing ? "Live" : "Renewed twice a minute", true];
  if (isOver) text = "Signed out: load the page again to sign in";
  else if (failedAt > 0) text = `Not renewed since ${short.format(failedAt)}: trying again`;
  else if (isQuiet && heardAt === 0) text = "Connecting";
  else if (isQuiet) text = `Not live since ${short.format(lostAt)}: reconnecting`;
  else isStale = false;
  if (!isStale && isKept) text += "; what you write in stays as it was";
  if (stateLine.textContent !== text) stateLine.textContent = text;
  stateLine.classList.toggle("stale", isStale);
}

function isTyping(element) {
  return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
}

function isFilledIn(part) {
  return [...part.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.type === "hidden") return false;
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected)
      && field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.value !== field.defaultValue;
  });
}

function isTouched(part) {
  return part.contains(document.activeElement) && isTyping(document.activeElement) || isFilledIn(part);
}

// What a button, a link or something folded is about, so that it is found again in a newer part, and nothing else in its place.
function keyOf(element) {
  const form = element.closest("form") || element.parentElement.querySelector("form");
  const about = element.getAttribute("href") || form?.dataset.form;
  return about ? `${element.tagName} ${about}` : null;
}

// A part as the server sent it, without what differs from one rendering to the next.
function said(part) {
  return part.innerHTML.replace(/name="(once|form_code|version)" value="[^"]*"/g, "");
}

const shown = new Map([...document.querySelectorAll(".fresh[id]")].map((part) => [part.id, said(part)]));

function replace(old, fresh) {
  const open = new Set([...old.querySelectorAll("details[open] > summary")].map(keyOf));
  const focused = old.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  shown.set(fresh.id, said(fresh));
  old.replaceWith(fresh);
  for (const summary of fresh.querySelectorAll("details > summary")) {
    const key = keyOf(summary);
    if (key && open.has(key)) summary.parentElement.open = true;
  }
  showTimes(fresh);
  if (focused) [...fresh.querySelectorAll("summary, button, a")].find((element) => keyOf(element) === focused)?.focus();
}

// What is decided from now on is decided on what is shown now; a part in which somebody types keeps what it showed.
function setVersion(version, kept) {
  for (const field of document.querySelectorAll("input[name=version]")) {
    if (!kept.includes(field.closest(".fresh")?.id)) field.value = version;
  }
}

let isLoading = false;
let isWanted = false;
let isPressing = false;
let sentAt = 0;

// Nothing changes under a finger, nor while a form is on its way.
function mayReplace() {
  return !isPressing && Date.now() - sentAt > quietMax;
}

async function renew() {
  if (isLoading) {
    isWanted = true;
    return;
  }
  if (!mayReplace()) return later(1000);
  isLoading = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual", signal: AbortSignal.timeout(15000) });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      end();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    failedAt = 0;
    if (!mayReplace()) {
      isWanted = true;
      return;
    }
    const kept = [];
    for (const fresh of page.querySelectorAll(".fresh[id]")) {
      const old = document.getElementById(fresh.id);
      if (!old || shown.get(fresh.id) === said(fresh)) continue;
      if (isTouched(old)) kept.push(fresh.id);
      else replace(old, document.adoptNode(fresh));
    }
    isKept = kept.length > 0;
    const version = page.querySelector("input[name=version]")?.value;
    if (version) setVersion(version, kept);
    runClocks();
  } catch (error) {
    failedAt ||= Date.now();
    isWanted = true;
  } finally {
    isLoading = false;
    report();
    if (isWanted) {
      isWanted = false;
      later(3000);
    }
  }
}

let timer = 0;
let isDirty = false;

// Many browsers hear of it at the same moment: each waits a little, and once for all that comes meanwhile. A page that nobody sees waits
// until somebody does.
function later(milliseconds) {
  isDirty = document.hidden;
  if (timer !== 0 || isDirty || isOver) return;
  timer = setTimeout(() => {
    timer = 0;
    renew();
  }, milliseconds);
}

function concerns(data) {
  const room = document.querySelector("[class*='incident-']");
  if (!room) return true;
  try {
    const { incident, kind } = JSON.parse(data);
    const kinds = room.dataset.kinds?.split(" ");
    return room.classList.contains(`incident-${incident}`) && (!kinds || kinds.includes(kind));
  } catch (error) {
    return true;
  }
}

function hear(data) {
  [heardAt, isOpen] = [Date.now(), true];
  if (data && concerns(data)) later(300 + Math.random() * 700);
  report();
}

function tell(message) {
  others?.postMessage(message);
}

let source = null;
let begunAt = 0;

// The session is over, here or in another page.
function end() {
  isOver = true;
  source?.close();
  report();
}

function listen() {
  source?.close();
  begunAt = Date.now();
  source = new EventSource("/live");
  source.onopen = () => {
    // What happened while nobody listened is on the page that is loaded now.
    later(500);
    hear();
    tell({ isOpen });
  };
  source.onerror = () => {
    isOpen = false;
    tell({ isOpen });
    report();
    // Refused: whether the session is over, the page says.
    if (source.readyState === EventSource.CLOSED) later(1000);
  };
  for (const kind of ["beat", ...stateLine.dataset.kinds.split(" ")]) {
    source.addEventListener(kind, (event) => {
      const data = kind === "beat" ? null : event.data;
      tell({ isOpen: true, data });
      hear(data);
    });
  }
}

// A connection can be dead without anybody telling.
function watch() {
  const isClosed = !source || source.readyState === EventSource.CLOSED;
  const quiet = Date.now() - Math.max(begunAt, isClosed ? 0 : heardAt);
  if (isLeading && !isOver && quiet > (isClosed ? 5000 : quietMax)) listen();
  report();
}

function follow() {
  others.onmessage = ({ data: message }) => {
    if (message.isOver) end();
    else if (isLeading) message.asks && tell({ isOpen });
    else if (message.isOpen) hear(message.data);
    else if (message.isOpen === false) isOpen = false;
    report();
  };
  tell({ asks: true });
  navigator.locks.request("muster-live", () => {
    isLeading = true;
    watch();
    return new Promise(() => {});
  });
  setInterval(watch, 5000);
  addEventListener("pagehide", () => source?.close());
}

// What is typed is kept in this tab until it is sent, whatever else loads the page anew meanwhile.
function place(field) {
  return `draft ${location.pathname} ${field.form.dataset.form} ${field.name}`;
}

function forget(beginning) {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(beginning)) sessionStorage.removeItem(name);
}

function restoreDrafts() {
  const sent = sessionStorage.getItem("sent");
  sessionStorage.removeItem("sent");
  const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  // A page that only says what went wrong has not taken it.
  if (sent && !isBack && !document.querySelector("main.small")) forget(sent);
  for (const field of document.querySelectorAll("form[data-form] :is(input:not([type=hidden]), textarea, select)")) {
    const value = sessionStorage.getItem(place(field));
    if (value === null) continue;
    if (field.type === "checkbox") field.checked = value === "true";
    else field.value = value;
    const folded = field.closest("details");
    if (folded) folded.open = true;
  }
}

addEventListener("input", ({ target }) => {
  if (!target.form?.dataset.form) return;
  sessionStorage.setItem(place(target), target.type === "checkbox" ? String(target.checked) : target.value);
});

addEventListener("beforeunload", (event) => {
  const isLost = [...document.querySelectorAll("form[data-form]")].some(isFilledIn);
  if (isLost && Date.now() - sentAt > quietMax) event.preventDefault();
});

// Keys, where nothing is being typed.
function rows() {
  return [...document.querySelectorAll(".row .head a, .steps > li summary, .steps > li button")];
}

function step(by) {
  const all = rows();
  if (all.length === 0) return;
  const place = all.indexOf(document.activeElement);
  const next = all[place < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(place + by, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "center" });
}

// Opens it, or goes to it; only Enter, or a click, does something.
function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  const folded = target.closest("summary")?.parentElement;
  if (folded) folded.open = true;
  (folded?.querySelector("input:not([type=hidden]), textarea, select") || target).focus();
  return true;
}

// Single keys can be turned off: whoever speaks to a browser, or hits keys by mistake, does not want them.
const keys = document.createElement("button");

function showKeys() {
  keys.textContent = localStorage.getItem("keys") === "off" ? "Keys are off" : "Keys are on";
}

keys.type = "button";
keys.onclick = () => {
  localStorage.setItem("keys", localStorage.getItem("keys") === "off" ? "on" : "off");
  showKeys();
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
    return;
  }
  if (isTyping(event.target) || localStorage.getItem("keys") === "off") return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "o" && rows().includes(document.activeElement)) document.activeElement.click();
  else if (!["a", "n", "o"].includes(event.key) || !press(event.key)) return;
  event.preventDefault();
});

addEventListener("pointerdown", () => (isPressing = true));
for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => setTimeout(() => (isPressing = false)));

// A form is sent once, however often it is pressed.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  sentAt = Date.now();
  setTimeout(() => delete form.dataset.sent, 5000);
  if (form.dataset.form) sessionStorage.setItem("sent", `draft ${location.pathname} ${form.dataset.form} `);
  if (form.getAttribute("action") !== "/sign-out") return;
  sessionStorage.clear();
  tell({ isOver: true });
});

restoreDrafts();
showTimes(document);
runClocks();
setInterval(runClocks, 15000);
if (stateLine) {
  showKeys();
  stateLine.after(keys);
}
// Pages that only say something have nothing to renew.
if (stateLine && shown.size > 0) {
  if (isFollowing) follow();
  setInterval(() => later(Math.random() * 5000), isFollowing ? 60000 : 30000);
  addEventListener("visibilitychange", () => !document.hidden && isDirty && later(0));
  report();
}
