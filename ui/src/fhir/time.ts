// Times as people read them, in the time zone of the device.

const pad = (n: number): string => String(n).padStart(2, '0');

/** YYYY-MM-DD of the device's day. */
export function dayOf(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
}

export function clockOf(ms: number, seconds = false): string {
  const d = new Date(ms);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}` + (seconds ? `:${pad(d.getSeconds())}` : '');
}

/** A FHIR dateTime to the second with the device's offset: 2026-11-20T09:12:05+08:00. */
export function fhirDateTime(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const abs = Math.abs(offset);
  return `${dayOf(ms)}T${clockOf(ms, true)}${sign}${pad(Math.floor(abs / 60))}:${pad(abs % 60)}`;
}

export interface DayWords {
  today: string;
  yesterday: string;
}

/** 今天 09:05, 昨天 07:52, 11-18 18:40, 2025-11-18 18:40. */
export function momentOf(ms: number, nowMs: number, words: DayWords): string {
  const day = dayOf(ms);
  if (day === dayOf(nowMs)) return `${words.today} ${clockOf(ms)}`;
  if (day === dayOf(nowMs - 86_400_000)) return `${words.yesterday} ${clockOf(ms)}`;
  return `${day.slice(0, 4) === dayOf(nowMs).slice(0, 4) ? day.slice(5) : day} ${clockOf(ms)}`;
}

/** A length of time as h:mm, the sign left out. */
export function lengthOf(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}`;
}

export function parseTime(text: string | undefined): number | null {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : ms;
}
