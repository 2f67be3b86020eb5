// The sound of a new urgent item: two short notes, made in the browser. One switch silences all of it, for every page of this browser, and is remembered.
import { useSyncExternalStore } from 'react';

const kKey = 'tk.silent';
const listeners = new Set<() => void>();
let audio: AudioContext | null = null;
let silent = remembered();

function remembered(): boolean {
  try {
    return localStorage.getItem(kKey) === '1';
  } catch {
    return false;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setSilent(next: boolean): void {
  silent = next;
  try {
    localStorage.setItem(kKey, next ? '1' : '0');
  } catch {
    // The choice then lasts for this page only.
  }
  for (const l of listeners) l();
}

export function useSilent(): [boolean, () => void] {
  const now = useSyncExternalStore(subscribe, () => silent, () => false);
  return [now, () => setSilent(!now)];
}

export function ring(): void {
  if (silent || typeof AudioContext === 'undefined') return;
  audio ??= new AudioContext();
  // Browsers keep sound back until the page has been used once; then there is simply none.
  void audio.resume().catch(() => undefined);
  const start = audio.currentTime;
  for (const [i, hertz] of [660, 880].entries()) {
    const note = audio.createOscillator();
    const loud = audio.createGain();
    note.frequency.value = hertz;
    loud.gain.setValueAtTime(0.0001, start + i * 0.16);
    loud.gain.exponentialRampToValueAtTime(0.12, start + i * 0.16 + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, start + i * 0.16 + 0.15);
    note.connect(loud).connect(audio.destination);
    note.start(start + i * 0.16);
    note.stop(start + i * 0.16 + 0.16);
  }
}
