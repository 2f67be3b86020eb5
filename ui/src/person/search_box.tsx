// The field in the desk's head that finds a person by name, number or telephone, typed or scanned. One line a person, masked; Enter opens the one that is
// found, or the one chosen by the arrows. What is typed stands in no URL and is forgotten when the field is left.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { canScan, CameraScan } from '../components/camera_scan';
import { Dialog } from '../components/dialog';
import { Icon } from '../components/icon';
import { useFailureText } from '../components/states';
import { ageOn, areaOf, maskId, maskName, nameOf, residentIdOf } from '../fhir/person';
import { dayOf } from '../fhir/time';
import { useDoorKey } from '../shell/help';
import { go } from '../shell/router';
import type { Hit } from './asked';
import './person.css';
import { type PersonSearch, usePersonSearch } from './use_person_search';

export function PersonSearchBox({ to }: { to: string }): ReactNode {
  const { t } = useTranslation('shell');
  const [typed, setTyped] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [scanning, setScanning] = useState(false);
  const awaited = useRef(false); // Enter was pressed before the answer came
  const root = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  const search = usePersonSearch(typed);
  const { hits } = search;
  useDoorKey('/', () => field.current?.focus());

  const leave = (): void => {
    setTyped('');
    setAt(-1);
    setOpen(false);
    awaited.current = false;
  };
  const choose = (hit: Hit | undefined): void => {
    if (!hit) return;
    leave();
    field.current?.blur();
    go(`${to}?id=${encodeURIComponent(hit.patient.id ?? '')}`);
  };
  useEffect(() => setAt(-1), [typed]);
  useEffect(() => {
    if (!awaited.current || hits === null) return;
    awaited.current = false;
    if (hits.length === 1) choose(hits[0]);
  });
  useEffect(() => {
    if (!open) return undefined;
    const outside = (e: PointerEvent): void => {
      if (!root.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const enter = (): void => {
    if (hits !== null && (at >= 0 || hits.length === 1)) return choose(hits[Math.max(at, 0)]);
    awaited.current = true;
    search.now();
  };
  const onKey = (e: KeyboardEvent): void => {
    if (e.nativeEvent.isComposing) return;
    const count = hits?.length ?? 0;
    if (e.key === 'Enter') enter();
    else if (e.key === 'Escape') {
      leave();
      field.current?.blur();
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') setAt(count === 0 ? -1 : (at + (e.key === 'ArrowDown' ? 1 : -1) + count) % count);
    else return;
    e.preventDefault();
  };
  const shown = open && typed.trim() !== '';
  return (
    <div className="ps" ref={root} role="search">
      <Icon name="search" size={18} />
      <input
        ref={field}
        type="text"
        role="combobox"
        className="ps-in"
        aria-label={t('person.find')}
        placeholder={t('person.findBy')}
        aria-expanded={shown}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined}
        autoComplete="off"
        spellCheck={false}
        maxLength={64}
        value={typed}
        onChange={(e) => {
          setTyped(e.target.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onKeyDown={onKey}
      />
      {canScan() && (
        <button type="button" className="tk-ib ps-scan" aria-label={t('scan.start')} title={t('scan.start')} onClick={() => setScanning(true)}>
          <Icon name="scan" size={18} />
        </button>
      )}
      <kbd aria-hidden="true">/</kbd>
      <div className="ps-panel" hidden={!shown}>
        <Told search={search} />
        <ul id={list} role="listbox" aria-label={t('person.found')}>
          {(hits ?? []).map((hit, i) => (
            <li key={hit.patient.id} id={`${list}-${i}`} role="option" aria-selected={i === at} onPointerEnter={() => setAt(i)} onClick={() => choose(hit)}>
              <HitLine hit={hit} />
            </li>
          ))}
        </ul>
      </div>
      {scanning &&
        createPortal(
          <Dialog title={t('scan.start')} onClose={() => setScanning(false)}>
            <CameraScan
              onCode={(text) => {
                setScanning(false);
                setTyped(text);
                setOpen(true);
                awaited.current = true;
                field.current?.focus();
              }}
            />
          </Dialog>,
          document.body,
        )}
    </div>
  );
}

/** What is going on, in one line: waiting, none, more than are shown, or why not. */
function Told({ search }: { search: PersonSearch }): ReactNode {
  const { t } = useTranslation('shell');
  const failureText = useFailureText();
  const { asked, hits, more, failure } = search;
  const text =
    asked.by === 'wrong'
      ? t(`person.wrong.${asked.why}`)
      : failure
        ? failure.kind === 'forbidden'
          ? t('person.notBy')
          : failure.status === 429
            ? t('person.tooMany')
            : failureText(failure)
        : hits === null
          ? t('person.looking')
          : hits.length === 0
            ? t('person.nobody')
            : more
              ? t('person.more')
              : '';
  return (
    <p className="ps-told" role="status">
      {text}
      {failure && failure.kind !== 'forbidden' && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={search.retry}>
          {t('again')}
        </button>
      )}
    </p>
  );
}

function HitLine({ hit }: { hit: Hit }): ReactNode {
  const { t } = useTranslation('shell');
  const { patient } = hit;
  const number = residentIdOf(patient);
  const age = ageOn(patient.birthDate, dayOf(Date.now()));
  return (
    <>
      <b>{maskName(nameOf(patient)) || t('person.noName')}</b>
      <span>{t(`person.sex.${patient.gender ?? 'unknown'}`)}</span>
      <span>{age === null ? '' : t('person.age', { count: age })}</span>
      <span className="tk-sub">{number.includes('*') ? number : maskId(number)}</span>
      <span className="tk-sub tk-grow tk-cut">{areaOf(patient)?.name ?? ''}</span>
      {hit.records > 1 && <span className="tk-sub">{t('person.records', { count: hit.records })}</span>}
    </>
  );
}
