// Above a person's record: his alerts that nobody has seen, in full; those of today that were seen, as one line with by whom and when.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { momentOf, parseTime } from '@tk/fhir/time';
import '../words';
import { useAlerts, useNow } from '../use_alerts';
import { isOpen, patientIdOf, sortCards } from '../work/model';
import { Banner } from './banner';

export default function PersonAlerts({ patients }: { patients: string[] }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const { alerts, view } = useAlerts();
  const nowMs = useNow();
  const his = sortCards(
    view.cards.filter((c) => c.flag !== undefined && patients.includes(patientIdOf(c.receipt) ?? '')),
    nowMs,
  );
  const words = { today: t('today'), yesterday: t('yesterday') };
  return his.map((card) => {
    if (isOpen(card.receipt)) return <Banner key={card.id} card={card} alerts={alerts} nowMs={nowMs} strip={false} />;
    const seenMs = parseTime(card.receipt.acknowledgedOn);
    return (
      <p key={card.id} className="pb-over" data-id={card.id}>
        <Icon name="check" size={16} />
        <b>{card.text || t('title')}</b> <span>{card.instruction}</span>
        <span className="tk-sub">{seenMs !== null && t('seenBy', { account: card.receipt.account ?? '', time: momentOf(seenMs, nowMs, words) })}</span>
      </p>
    );
  });
}
