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

// Live: one stream, and the parts of the page that changed taken from the server.
const stateLine = document.querySelector(".bar .live");
let lastSign = Date.now();
let wasOpen = false;
let isHearing = false;

function say(text, isStale) {
  if (!stateLine || stateLine.textContent === text) return;
  stateLine.textContent = text;
  stateLine.classList.toggle("stale", isStale);
}

function isTouched(part) {
  if (part.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return true;
  return [...part.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.type === "hidden") return false;
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected)
      && field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.value !== field.defaultValue;
  });
}

// What was unfolded stays so.
function unfolded(part) {
  return new Set([...part.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));
}

function replace(old, fresh) {
  const open = unfolded(old);
  const isFocused = old.contains(document.activeElement);
  for (const summary of fresh.querySelectorAll("details > summary")) {
    summary.parentElement.open = open.has(summary.textContent);
  }
  const focused = isFocused ? document.activeElement.textContent : null;
  old.replaceWith(fresh);
  showTimes(fresh);
  if (focused === null) return;
  for (const element of fresh.querySelectorAll("summary, button, a")) {
    if (element.textContent === focused) {
      element.focus();
      break;
    }
  }
}

let isLoading = false;
let isWanted = false;
// The parts that this page shows, as the server named them.
let have = "";

// What is decided from now on is decided on what is shown now; a part in which somebody types keeps what it showed.
function setVersion(version, kept) {
  for (const field of document.querySelectorAll("input[name=version]")) {
    if (!kept.includes(field.closest(".fresh")?.id)) field.value = version;
  }
}

async function renew() {
  if (isLoading) {
    isWanted = true;
    return;
  }
  isLoading = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html", "Muster-Have": have }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      say("Signed out: load the page again to sign in", true);
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const kept = [];
    for (const fresh of page.querySelectorAll(".fresh[id]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      if (isTouched(old)) {
        kept.push(fresh.id);
      } else if (old.innerHTML !== fresh.innerHTML) {
        replace(old, document.adoptNode(fresh));
      }
    }
    const parts = (answer.headers.get("Muster-Parts") || "").split(" ");
    // What was not taken is asked for again.
    have = parts.filter((part) => !kept.includes(part.split("=")[0])).join(" ");
    setVersion(answer.headers.get("Muster-Version"), kept);
    runClocks();
    say(kept.length > 0 ? "Live; what you write in stays as it was" : "Live", false);
  } catch (error) {
    say("Could not load what is new; trying again", true);
    isWanted = true;
  } finally {
    isLoading = false;
    if (isWanted) {
      isWanted = false;
      later(3000);
    }
  }
}

let timer = 0;

// Many browsers hear of it at the same moment: each waits a little, and once for all that comes meanwhile.
function later(milliseconds) {
  if (timer !== 0) return;
  timer = setTimeout(() => {
    timer = 0;
    renew();
  }, milliseconds);
}

function concerns(event) {
  const room = document.querySelector("[class*='incident-']");
  if (!room) return true;
  try {
    return room.classList.contains(`incident-${JSON.parse(event.data).incident}`);
  } catch (error) {
    return true;
  }
}

function hear(event) {
  lastSign = Date.now();
  if (concerns(event)) later(300 + Math.random() * 700);
}

// One stream for all pages of a browser, which has few connections to a server: one page holds it and tells the others.
const others = "BroadcastChannel" in window && navigator.locks ? new BroadcastChannel("muster") : null;
let isLeading = false;

function tell(message) {
  if (isLeading && others) others.postMessage(message);
}

function follow() {
  others.onmessage = (message) => {
    if (isLeading) return;
    lastSign = Date.now();
    if (message.data.data) hear(message.data);
    else if (message.data.isLive && timer === 0 && !isLoading) say("Live", false);
    else if (message.data.isLive === false) say("Not live: reconnecting", true);
  };
  setInterval(() => {
    tell({ isLive: isHearing });
    if (!isLeading && Date.now() - lastSign > 40000) say(`Not live since ${short.format(new Date(lastSign))}`, true);
  }, 10000);
}

function listen(kinds) {
  const source = new EventSource("/live");
  source.onopen = () => {
    // What happened while nobody listened is on the page that is loaded now.
    if (wasOpen) later(200);
    wasOpen = isHearing = true;
    lastSign = Date.now();
    say("Live", false);
    tell({ isLive: true });
  };
  source.onerror = () => {
    isHearing = false;
    tell({ isLive: false });
    say(`Not live since ${short.format(new Date(lastSign))}: reconnecting`, true);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(kinds), 5000);
  };
  for (const kind of kinds) {
    source.addEventListener(kind, (event) => {
      tell({ data: event.data });
      hear(event);
    });
  }
  addEventListener("pagehide", () => source.close(), { once: true });
}

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

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  if (target.tagName === "SUMMARY") {
    target.parentElement.open = true;
    target.parentElement.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  } else {
    target.focus();
    target.click();
  }
  return true;
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape" && isTyping) {
    event.target.blur();
    return;
  }
  if (isTyping) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "o" && rows().includes(document.activeElement)) document.activeElement.click();
  else if (!["a", "n", "o"].includes(event.key) || !press(event.key)) return;
  event.preventDefault();
});

// A form is sent once, however often it is pressed.
addEventListener("submit", (event) => {
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  setTimeout(() => delete event.target.dataset.sent, 5000);
});

showTimes(document);
runClocks();
setInterval(runClocks, 15000);
if (stateLine) {
  const kinds = stateLine.dataset.kinds.split(" ");
  if (others) {
    follow();
    say("Live", false);
    navigator.locks.request("muster-live", () => {
      isLeading = true;
      listen(kinds);
      return new Promise(() => {});
    });
  } else {
    listen(kinds);
  }
  // A connection can be dead without anybody telling.
  setInterval(() => document.visibilityState === "visible" && later(Math.random() * 5000), 60000);
}
