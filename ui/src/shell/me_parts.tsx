// What the apps show on the resident's home, above what was told: his colour, what he must do.
import { lazy, Suspense, type ReactNode } from 'react';
import { parts } from 'virtual:tk-parts/home-me';
import { mayUse } from './pages';
import { useSession } from './session';

const kParts = parts.map((part) => ({ ...part, Part: lazy(part.load) }));

export function MeTop(): ReactNode {
  const session = useSession();
  return kParts
    .filter((part) => mayUse(session, part))
    .map(({ app, Part }) => (
      <Suspense key={app} fallback={null}>
        <Part />
      </Suspense>
    ));
}
