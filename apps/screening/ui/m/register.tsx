// A right card number that the system does not know: says so, and offers a minimal record. Sex and birth date come from
// the number; only the name is asked. If another device registers the same number in the same moment, its record is used.
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { escapeValue } from '@tk/fhir/client';
import { asFailure, Failure } from '@tk/fhir/http';
import { newKey } from '@tk/fhir/key';
import { ageOn, maskId } from '@tk/fhir/person';
import type { ResidentId } from '@tk/fhir/resident_id';
import { dayOf } from '@tk/fhir/time';
import { kAreaSystem, kResidentIdSystem, type Patient } from '@tk/fhir/types';
import { Field } from '@tk/shell/field';
import { fhir, may, postOf, useSession } from '@tk/shell/session';
import { findPatients } from './find';

const kNameMaxChars = 50;

export function minimalPatient(id: ResidentId, name: string, area: string): Patient {
  return {
    resourceType: 'Patient',
    ...(area ? { meta: { tag: [{ system: kAreaSystem, code: area }] } } : {}),
    identifier: [{ system: kResidentIdSystem, value: id.number }],
    name: [{ text: name }],
    gender: id.gender,
    birthDate: id.birthDate,
  };
}

async function register(id: ResidentId, name: string, area: string, key: string): Promise<Patient> {
  const token = encodeURIComponent(`${kResidentIdSystem}|${escapeValue(id.number)}`);
  const made = await fhir.create(minimalPatient(id, name, area), { key, ifNoneExist: `identifier=${token}` });
  const patient = made ?? (await findPatients(id.number))[0];
  if (!patient) throw new Failure('broken', 0, '', '');
  return patient;
}

interface RegisterProps {
  id: ResidentId;
  onPatient: (p: Patient) => void;
  onBack: () => void;
}

export function Register(props: RegisterProps): ReactNode {
  return may(useSession(), 'write', 'Patient') ? <RegisterForm {...props} /> : <MayNotRegister {...props} />;
}

function MayNotRegister({ id, onBack }: RegisterProps): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const session = useSession();
  return (
    <main id="main" className="sm-main">
      <div className="sm-form">
        <h2>{t('m.register.title')}</h2>
        <Facts id={id} />
        <p className="tk-note-ink">
          <Icon name="lock" size={20} />
          {t('m.register.mayNot', { post: postOf(session, i18n.language) })}
        </p>
        <div className="sm-formgo">
          <button type="button" className="tk-btn tk-pri tk-big" onClick={onBack}>
            {t('m.register.back')}
          </button>
        </div>
      </div>
    </main>
  );
}

/** What the number says of the person. */
function Facts({ id }: { id: ResidentId }): ReactNode {
  const { t } = useTranslation('screening');
  return (
    <dl className="sm-facts">
      <dt>{t('m.find.label')}</dt>
      <dd>{maskId(id.number)}</dd>
      <dt>{t('m.find.sex')}</dt>
      <dd>{t(`sex.${id.gender}`)}</dd>
      <dt>{t('m.find.birth')}</dt>
      <dd>
        {id.birthDate}　{t('age', { count: ageOn(id.birthDate, dayOf(Date.now())) ?? 0 })}
      </dd>
    </dl>
  );
}

function RegisterForm(props: RegisterProps): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const session = useSession();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const key = useRef(newKey());
  const { id } = props;

  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    if (busy) return;
    const clean = name.trim().replace(/\s+/g, ' ');
    setProblem(clean === '' ? t('m.register.needName') : '');
    setFailure(null);
    if (clean === '') return field.current?.focus();
    setBusy(true);
    try {
      props.onPatient(await register(id, clean, session.area, key.current));
    } catch (e2) {
      setFailure(asFailure(e2));
      setBusy(false);
      // What the program refused is not repeated under the same key: the corrected record is another one.
      if (!asFailure(e2).retryable) key.current = newKey();
    }
  };

  return (
    <main id="main" className="sm-main">
      <form className="sm-form" noValidate onSubmit={(e) => void submit(e)}>
        <h2>{t('m.register.title')}</h2>
        <p className="sm-q">{t('m.register.hint')}</p>
        <Facts id={id} />
        <Field id="sm-name" label={t('m.register.name')} problem={problem || undefined} hint={t('m.register.nameHint')}>
          {(aria) => <input ref={field} {...aria} value={name} maxLength={kNameMaxChars} autoComplete="off" autoFocus onChange={(e) => setName(e.target.value)} />}
        </Field>
        <div role="alert">
          {failure && (
            <p className="tk-note-ink">
              <Icon name={failure.kind === 'network' ? 'offline' : 'info'} size={20} />
              {failureText(failure)} {t('m.register.kept')}
            </p>
          )}
        </div>
        <div className="sm-formgo">
          <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
            {busy ? t('m.register.busy') : t('m.register.go')}
          </button>
          <button type="button" className="tk-btn tk-big" onClick={props.onBack}>
            {t('m.register.back')}
          </button>
        </div>
      </form>
    </main>
  );
}
