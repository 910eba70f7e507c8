// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system has it; and the way to each part of the page.
import { useState } from "preact/hooks";

const next = { "": "dark", dark: "light", light: "" };
const words = { "": "as the system", dark: "dark", light: "light" };

// A page from a file may be let nothing keep.
const stored = {
  get() {
    try {
      return localStorage.getItem("guard-theme") ?? "";
    } catch {
      return "";
    }
  },
  set(theme) {
    try {
      localStorage.setItem("guard-theme", theme);
    } catch {
      // Then it holds as long as the page is open.
    }
  },
};

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function Bar({ parts }) {
  const [theme, setTheme] = useState(() => (stored.get() in next ? stored.get() : ""));
  apply(theme);
  const change = () => {
    stored.set(next[theme]);
    setTheme(next[theme]);
  };
  return (
    <>
      <ul>
        {parts.map(([href, name]) => (
          <li key={href}>
            <a href={href}>{name}</a>
          </li>
        ))}
      </ul>
      <button type="button" onClick={change} aria-label={`Colours: ${words[theme]}`}>
        {`Colours: ${words[theme]}`}
      </button>
    </>
  );
}
