// Finding persons while somebody types: asked when he pauses, or at once at Enter; an older answer never replaces a newer one.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { asFailure, type Failure } from '../fhir/http';
import { dayOf } from '../fhir/time';
import type { Patient } from '../fhir/types';
import { fhir } from '../shell/session';
import { type Asked, askedOf, type Hit, hitsOf } from './asked';

const kPauseMs = 300;
const kShown = 10;

export interface PersonSearch {
  asked: Asked;
  hits: Hit[] | null; // null: not known yet
  more: boolean;
  failure: Failure | null;
  now: () => void; // does not wait for the pause
  retry: () => void;
}

export function usePersonSearch(typed: string): PersonSearch {
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(typed), kPauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const asked = useMemo(() => askedOf(typed, dayOf(Date.now())), [typed]);
  const params = 'params' in asked && settled === typed ? asked.params : null;
  const found = useQuery({
    // Not kept when the field is left: what was looked for is nobody's to find there.
    queryKey: ['person', 'search', params],
    enabled: params !== null,
    gcTime: 0,
    queryFn: ({ signal }) => fhir.search<Patient>('Patient', [...(params ?? []), ['_count', String(kShown)]], signal),
  });
  return {
    asked,
    hits: params !== null && found.data ? hitsOf(found.data.items) : null,
    more: (found.data?.next ?? null) !== null,
    failure: params !== null && found.error ? asFailure(found.error) : null,
    now: () => setSettled(typed),
    retry: () => void found.refetch(),
  };
}
