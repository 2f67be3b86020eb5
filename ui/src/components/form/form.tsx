// A form made from a Questionnaire: groups, repeated groups, conditions, every kind of question; errors beside their fields; what is typed is kept on the device.
// The page gives the questionnaire and says what happens with the answers; onSend throws Failure.
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure } from '../../fhir/http';
import { FormProblem } from '../../shell/field';
import { Icon } from '../icon';
import { useFailureText } from '../states';
import '../words';
import { keepDraft, readDraft, tabShelf } from './draft';
import { type Filled, initialOf, isEnabled, isGroup, isShown, type Item, knownOf, placesOf, type Problem, problemsOf, type Questionnaire, type QuestionnaireResponse, type Raw, responseOf, withoutCopy } from './model';
import { Question } from './question';
import './form.css';

export interface FormProps {
  questionnaire: Questionnaire;
  draft: string; // names what is kept on the device: account, form, person's technical id; nothing else of a person
  send: string; // what the button says
  onSend: (response: QuestionnaireResponse) => Promise<void>;
}

/** What every part of the form needs. */
export interface Within {
  filled: Filled;
  change: (filled: Filled) => void;
  problems: ReadonlyMap<string, Problem>;
  asked: (item: Item, path: string) => boolean;
}

export function QuestionnaireForm(p: FormProps): ReactNode {
  const { t } = useTranslation('parts');
  const text = useFailureText();
  const form = useRef<HTMLFormElement>(null);
  const [filled, setFilled] = useState<Filled>(() => readDraft(tabShelf(), p.draft) ?? initialOf(p.questionnaire));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const known = knownOf(p.questionnaire);
  const found = problemsOf(p.questionnaire, filled);
  const problems = tried ? found : new Map([...found].filter(([, problem]) => problem === 'long'));
  const change = (next: Filled): void => {
    setFilled(next);
    keepDraft(tabShelf(), p.draft, next);
  };
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    setTried(true);
    setFailed(undefined);
    const [first] = found.keys();
    if (first !== undefined) return form.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(first)}"] :is(input, select, textarea)`)?.focus();
    if (busy) return;
    setBusy(true);
    try {
      await p.onSend(responseOf(p.questionnaire, filled));
      keepDraft(tabShelf(), p.draft, null);
    } catch (error) {
      setFailed(text(asFailure(error)));
    } finally {
      setBusy(false);
    }
  };
  const within: Within = { filled, change, problems, asked: (item, path) => isEnabled(item, path, filled, known) };
  return (
    <form ref={form} className="qf" noValidate onSubmit={(e) => void submit(e)} aria-label={p.questionnaire.title}>
      <Items items={p.questionnaire.item ?? []} parent="" {...within} />
      <p role="status" className={tried && found.size > 0 ? 'tk-problem' : 'tk-sub'}>
        {tried && found.size > 0 ? t('form.problems', { count: found.size }) : t('form.kept')}
      </p>
      <FormProblem text={failed} />
      <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
        {busy ? t('form.sending') : p.send}
      </button>
    </form>
  );
}

function Items({ items, parent, ...within }: Within & { items: readonly Item[]; parent: string }): ReactNode {
  return items.map((item) => {
    const places = placesOf(item, parent, within.filled).filter((path) => within.asked(item, path));
    if (places.length === 0) return null;
    if (isShown(item)) return <p key={item.linkId} className="tk-sub">{item.text}</p>;
    if (isGroup(item)) return <Group key={item.linkId} item={item} places={places} parent={parent} {...within} />;
    const [path = ''] = places;
    return (
      <div key={item.linkId} className="qf-item">
        <Question item={item} path={path} values={within.filled.values[path] ?? []} problem={within.problems.get(path)} onChange={(values: Raw[]) => within.change({ ...within.filled, values: { ...within.filled.values, [path]: values } })} />
        <Items items={item.item ?? []} parent={path} {...within} />
      </div>
    );
  });
}

function Group({ item, places, parent, ...within }: Within & { item: Item; places: string[]; parent: string }): ReactNode {
  const { t } = useTranslation('parts');
  const base = parent ? `${parent}/${item.linkId}` : item.linkId;
  const title = item.text ?? '';
  return (
    <>
      {places.map((path, i) => (
        <fieldset key={path} className="qf-group">
          <legend>{item.repeats ? t('form.copy', { title, n: i + 1 }) : title}</legend>
          <Items items={item.item ?? []} parent={path} {...within} />
          {item.repeats && places.length > 1 && (
            <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => within.change(withoutCopy(within.filled, base, i))}>
              <Icon name="close" size={14} />
              {t('form.drop', { title, n: i + 1 })}
            </button>
          )}
        </fieldset>
      ))}
      {item.repeats && (
        <button type="button" className="tk-btn" onClick={() => within.change({ ...within.filled, copies: { ...within.filled.copies, [base]: places.length + 1 } })}>
          {t('form.another', { title })}
        </button>
      )}
    </>
  );
}
