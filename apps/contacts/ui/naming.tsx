// Naming contacts: one after another in a form, all sent together; what was taken and what was not, and why.
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { QuestionnaireForm } from '@tk/components/form/form';
import type { Item, Questionnaire, QuestionnaireResponse } from '@tk/components/form/model';
import { nameContacts } from './ask';
import type { Named } from './model';
import { contactsIn } from './named';

const kSettings = ['household', 'work', 'school', 'meal', 'transport', 'care', 'leisure', 'other'];
const kCertainty = ['certain', 'probable', 'possible'];
const kGenders = ['male', 'female'];

interface NamingProps {
  source: object; // {"case": …} or {"watch": …}
  kinds: readonly string[];
  draft: string;
  onNamed: () => void;
  onClose: () => void;
}

function useForm(kinds: readonly string[]): Questionnaire {
  const { t } = useTranslation('contacts');
  return useMemo(() => {
    const text = (linkId: string, more: Partial<Item> = {}): Item => ({ linkId, text: t(`name.${linkId}`), type: 'string', ...more });
    const choice = (linkId: string, group: string, codes: readonly string[], more: Partial<Item> = {}): Item => ({ linkId, text: t(`name.${linkId}`), type: 'choice', answerOption: codes.map((code) => ({ valueCoding: { code, display: t(`${group}.${code}`) } })), ...more });
    const item: Item[] = [
      text('name', { required: true, maxLength: 100 }), text('number', { maxLength: 18 }), text('phone', { maxLength: 20 }), text('birth', { type: 'date' }), choice('gender', 'gender', kGenders),
      choice('kind', 'kind', kinds, { required: true }), text('first', { type: 'date' }), text('last', { type: 'date', required: true }), choice('setting', 'setting', kSettings), text('place', { maxLength: 150 }),
      choice('certainty', 'certainty', kCertainty), text('relation', { maxLength: 60 }), text('address', { maxLength: 150 }), text('area', { maxLength: 15 }),
    ];
    return { resourceType: 'Questionnaire', title: t('nameContacts'), item: [{ linkId: 'contact', text: t('col.contact'), type: 'group', repeats: true, required: true, item }] };
  }, [t, kinds]);
}

export function NameContacts({ source, kinds, draft, onNamed, onClose }: NamingProps): ReactNode {
  const { t } = useTranslation('contacts');
  const form = useForm(kinds);
  const [told, setTold] = useState<Named | null>(null);
  const send = async (response: QuestionnaireResponse): Promise<void> => {
    setTold(await nameContacts({ ...source, contacts: contactsIn(response) }));
    onNamed();
  };
  return (
    <Dialog title={t('nameContacts')} onClose={onClose}>
      <div className="ct-naming">
        {!told && <p className="tk-sub">{t('nameHint')}</p>}
        {!told && <QuestionnaireForm questionnaire={form} draft={draft} send={t('nameSend')} onSend={send} />}
        {told && (
          <div role="status">
            <p>
              <b>{t('namedTold', { added: told.added, changed: told.changed, unchanged: told.unchanged })}</b>
            </p>
            {told.refused.length > 0 && (
              <ul>
                {told.refused.map((one, i) => (
                  <li key={i}>{t('namedNot', { n: one.contact + 1, text: one.text })}</li>
                ))}
              </ul>
            )}
            <button type="button" className="tk-btn tk-pri" onClick={onClose}>
              {t('close', { ns: 'shell' })}
            </button>
          </div>
        )}
      </div>
    </Dialog>
  );
}
