// A new account. What is typed stays while another account is looked at.
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { asFailure } from '../fhir/http';
import { FormProblem } from '../shell/field';
import { addition, type Draft, type Wrong, wrongIn } from './draft';
import { Fields } from './form';
import { addAccount, type Kept, kKinds, type Once, type PostTold } from './keep';
import { useKeepProblem } from './problem';

export function Add(props: { draft: Draft; posts: PostTold[]; onDraft: (draft: Draft) => void; onAdded: (made: Kept & Once) => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('accounts');
  const problemOf = useKeepProblem();
  const queries = useQueryClient();
  const [wrong, setWrong] = useState<Wrong>({});
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const { draft } = props;
  const submit = async (e: FormEvent<HTMLFormElement>): Promise<void> => {
    e.preventDefault();
    const form = e.currentTarget;
    const found = wrongIn(draft);
    setWrong(found);
    setProblem(undefined);
    if (busy) return;
    if (Object.keys(found).length > 0) {
      setTimeout(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());  // once it is marked
      return;
    }
    setBusy(true);
    try {
      const made = await addAccount(addition(draft));
      void queries.invalidateQueries({ queryKey: ['accounts', 'list'] });
      props.onAdded(made);
    } catch (failed) {
      setProblem(problemOf(asFailure(failed)));
      setBusy(false);
    }
  };
  return (
    <>
      <header className="ac-dh">
        <h2 className="tk-grow">{t('add.title')}</h2>
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={props.onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <form className="ac-form" noValidate onSubmit={(e) => void submit(e)}>
        <fieldset className="ac-kinds">
          <legend>{t('field.kind')}</legend>
          {kKinds.map((kind) => (
            <label key={kind}>
              <input type="radio" name="ac-kind" checked={draft.kind === kind} onChange={() => props.onDraft({ ...draft, kind })} autoFocus={draft.kind === kind} />
              {t(`kind.${kind}`)}
            </label>
          ))}
        </fieldset>
        <p className="tk-sub">{t(`kindHint.${draft.kind}`)}</p>
        <Fields draft={draft} wrong={wrong} posts={props.posts} fresh onDraft={props.onDraft} />
        <FormProblem text={problem} />
        <div className="ac-go">
          <button type="button" className="tk-btn" onClick={props.onClose}>
            {t('cancel', { ns: 'shell' })}
          </button>
          <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
            {t(busy ? 'saving' : 'add.go')}
          </button>
        </div>
      </form>
    </>
  );
}
