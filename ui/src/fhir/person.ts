// A person in words: name, masked name, masked number, age. Masks have a fixed length, so they tell nothing by it.
import { kAreaSystem, kResidentIdSystem, type Patient, type Resource } from './types';

export function nameOf(patient: Patient): string {
  const n = patient.name?.[0];
  if (!n) return '';
  if (n.text) return n.text;
  const given = (n.given ?? []).join(' ');
  const family = n.family ?? '';
  return isHan(family + given) ? family + given : [given, family].filter(Boolean).join(' ');
}

function isHan(text: string): boolean {
  return /^[\p{Script=Han}·・]+$/u.test(text);
}

/** A name of several parts keeps two characters of the first: 古丽*·**, 阿里·**. */
function maskParts(name: string): string {
  const first = [...(name.split(/[·・]/)[0] ?? '')];
  return first.slice(0, 2).join('') + (first.length > 2 ? '*' : '') + '·**';
}

/** For a gate, where the person must be recognised: 何*明, 李*, 古丽*·**, J*** S***. */
export function maskNameAtGate(name: string): string {
  const chars = [...name.trim()];
  if (chars.length === 0) return '';
  if (/[·・]/.test(name)) return maskParts(name);
  if (!isHan(name)) return maskWords(name);
  if (chars.length <= 2) return chars[0] + '*';
  return `${chars[0]}*${chars[chars.length - 1]}`;
}

/** For lists: 张**, 古丽*·**, J*** S***. */
export function maskName(name: string): string {
  const chars = [...name.trim()];
  if (chars.length === 0) return '';
  if (/[·・]/.test(name)) return maskParts(name);
  return isHan(name) ? chars[0] + '**' : maskWords(name);
}

function maskWords(name: string): string {
  const words = name.trim().split(/\s+/).slice(0, 2);
  return words.map((w) => [...w][0] + '***').join(' ');
}

export function residentIdOf(patient: Patient): string {
  return patient.identifier?.find((i) => i.system === kResidentIdSystem)?.value ?? '';
}

/** 3801 **** **** 3058. A shorter number shows only its last two characters. */
export function maskId(number: string): string {
  if (number === '') return '';
  if (number.length < 12) return '**** ' + number.slice(-2);
  return `${number.slice(0, 4)} **** **** ${number.slice(-4)}`;
}

/** Whole years from `birthDate` (YYYY-MM-DD, or its beginning) to `today` (YYYY-MM-DD); null if it is missing or no date. */
export function ageOn(birthDate: string | undefined, today: string): number | null {
  if (!birthDate || !/^\d{4}(-\d{2}(-\d{2})?)?$/.test(birthDate)) return null;
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  // Of a year or a month alone, as a post may see it: the age that is reached in it.
  const age = today.slice(5, birthDate.length) < birthDate.slice(5) ? years - 1 : years;
  return age >= 0 ? age : null;
}

/** The area a resource belongs to: its name if it carries one, else the division code. */
export function areaOf(resource: Resource | undefined): { code: string; name: string } | null {
  const tag = resource?.meta?.tag?.find((t) => t.system === kAreaSystem);
  return tag?.code ? { code: tag.code, name: tag.display ?? tag.code } : null;
}
