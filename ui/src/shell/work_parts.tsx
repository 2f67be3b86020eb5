// What the desk of /work has beside its pages: the field that finds a person, and what apps show below the head wherever one is.
import { lazy, Suspense, useContext, type ReactNode } from 'react';
import { parts } from 'virtual:tk-parts/head-work';
import { PersonSearchBox } from '../person/search_box';
import { DoorContext } from './door_context';
import { mayUse } from './pages';
import { may, useSession } from './session';

const kParts = parts.map((part) => ({ ...part, Part: lazy(part.load) }));

export function WorkSearch(): ReactNode {
  const { door } = useContext(DoorContext);
  return may(useSession(), 'read', 'Patient') ? <PersonSearchBox to={`/${door}/patient`} /> : null;
}

export function WorkStrip(): ReactNode {
  const session = useSession();
  return kParts
    .filter((part) => mayUse(session, part))
    .map(({ app, Part }) => (
      <Suspense key={app} fallback={null}>
        <Part />
      </Suspense>
    ));
}
