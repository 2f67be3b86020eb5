// A short two-note sound for a new task, made in the browser; it can be silenced, and the choice is remembered.
import { useState } from 'react';

const kKey = 'tk.screening.silent';
let audio: AudioContext | null = null;

function isSilent(): boolean {
  try {
    return localStorage.getItem(kKey) === '1';
  } catch {
    return false;
  }
}

export function chime(): void {
  if (isSilent() || typeof AudioContext === 'undefined') return;
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

export function useSilent(): [boolean, () => void] {
  const [silent, setSilent] = useState(isSilent);
  const toggle = (): void => {
    try {
      localStorage.setItem(kKey, silent ? '0' : '1');
    } catch {
      // The choice then lasts for this page only.
    }
    setSilent(!silent);
  };
  return [silent, toggle];
}
