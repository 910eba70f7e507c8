// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them.

export const count = (number) => number.toLocaleString("en");

export const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

const two = (number) => String(number).padStart(2, "0");

// "15:04:05.678901" in the reader's time zone.
export function clock(us) {
  const date = new Date(us / 1000);
  const rest = String(Math.floor(us % 1e6)).padStart(6, "0");
  return isNaN(date) ? String(us) : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${rest}`;
}

export function when(us) {
  const date = new Date(us / 1000);
  return isNaN(date) ? String(us) : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(us)}`;
}

export function duration(us) {
  if (us < 1000) return `${us.toFixed(0)} us`;
  if (us < 1e6) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 120e6) return `${(us / 1e6).toFixed(1)} s`;
  if (us < 7200e6) return `${(us / 60e6).toFixed(1)} min`;
  return `${(us / 3600e6).toFixed(1)} h`;
}
