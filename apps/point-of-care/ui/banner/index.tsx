// Below the head of every page of the desk: the gravest alert that nobody has seen yet. Not at the alerts' own page, nor where its person is open and has it in full.
import { useContext, type ReactNode } from 'react';
import { DoorContext } from '@tk/shell/door_context';
import { useParam, usePath } from '@tk/shell/router';
import { useAlerts, useAlertsLive } from '../use_alerts';
import { isOpen, patientIdOf, sortCards } from '../work/model';
import { Banner } from './banner';

export default function AlertStrip(): ReactNode {
  const { door } = useContext(DoorContext);
  const { alerts, view } = useAlerts();
  const { nowMs } = useAlertsLive(alerts);
  const path = usePath();
  const [person] = useParam('id', '');
  if (path.startsWith(`/${door}/point-of-care`)) return null;
  const there = path.startsWith(`/${door}/patient`) ? person : null;
  const open = sortCards(
    view.cards.filter((c) => isOpen(c.receipt) && c.flag !== undefined && patientIdOf(c.receipt) !== there),
    nowMs,
  );
  const first = open[0];
  return first ? <Banner key={first.id} card={first} alerts={alerts} nowMs={nowMs} strip more={open.length - 1} /> : null;
}
