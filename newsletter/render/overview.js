"use strict";
// Shows one variant in one state. What can be told without a script stands in the page already.
const mails = JSON.parse(document.getElementById("mails").textContent);
const inputs = document.querySelectorAll("input");
const stage = document.getElementById("stage");

function show() {
  const [variant, view] = ["variant", "view"].map(name => document.querySelector(`input[name=${name}]:checked`).value);
  for (const part of document.querySelectorAll("[data-variant], [data-view]")) {
    const { variant: ofVariant = variant, view: ofView = view } = part.dataset;
    part.hidden = ofVariant !== variant || ofView !== view;
  }
  const mail = mails[variant][view];
  stage.hidden = mail === undefined;
  stage.dataset.state = view;
  if (mail !== undefined) for (const frame of stage.querySelectorAll("iframe")) renew(frame, mail);
  history.replaceState(null, "", "#" + new URLSearchParams({ variant, view }));
}

// A new frame instead of new content, which the browser's way back would count.
function renew(frame, mail) {
  const fresh = frame.cloneNode();
  fresh.srcdoc = mail;
  frame.replaceWith(fresh);
}

// A mail is laid out at the width that is said, and made smaller where there is less room.
function fit() {
  for (const glass of stage.querySelectorAll(".glass")) {
    const frame = glass.firstElementChild;
    const scale = Math.min(1, glass.clientWidth / frame.dataset.width);
    frame.style.width = `${frame.dataset.width}px`;
    frame.style.height = `${glass.clientHeight / scale}px`;
    frame.style.transform = `scale(${scale})`;
  }
}

function chooseFromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const input of inputs) if (asked.get(input.name) === input.value) input.checked = true;
  show();
}

for (const input of inputs) input.addEventListener("change", show);
addEventListener("hashchange", chooseFromAddress);
new ResizeObserver(fit).observe(stage);
document.documentElement.classList.add("scripted");
chooseFromAddress();
