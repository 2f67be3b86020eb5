// A record of this server by its reference: a link to where it is shown behind this door, as this post may see it; its words alone where it is shown nowhere.
import { useContext, type ReactNode } from 'react';
import { DoorContext } from './door_context';
import { addressOf } from './pages';
import { Link } from './router';
import { useSession } from './session';

export function useRecordAddress(): (reference: string) => string | null {
  const { door, pages } = useContext(DoorContext);
  const session = useSession();
  return (reference) => addressOf(session, door, pages, reference);
}

export function RecordLink({ to, part, children }: { to: string; part?: string; children: ReactNode }): ReactNode {
  const address = useRecordAddress()(to);
  return address === null ? <span>{children}</span> : <Link to={part ? `${address}&part=${part}` : address}>{children}</Link>;
}
