// The fields of an account, for a new one and for changing one. Errors stand at their field.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Field } from '../shell/field';
import { type Draft, signsIn, type Wrong } from './draft';
import type { PostTold } from './keep';

export interface FieldsProps {
  draft: Draft;
  wrong: Wrong;
  posts: PostTold[];
  fresh: boolean; // a new account: kind and name are chosen
  hasPhone?: boolean;
  onDraft: (draft: Draft) => void;
}
type TextName = { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft];

/** One line of text; `name` is the draft's, the words are `field.<name>` and `hint.<name>`. */
function Line({ p, name, hint, mode }: { p: FieldsProps; name: TextName; hint?: boolean; mode?: 'numeric' | 'tel' }): ReactNode {
  const { t } = useTranslation('accounts');
  const wrong = p.wrong[name];
  return (
    <Field id={`ac-${name}`} label={t(`field.${name}`)} problem={wrong && t(wrong)} hint={hint ? t(`hint.${name}`) : undefined}>
      {(aria) => (
        <input {...aria} type="text" inputMode={mode} autoComplete="off" autoCapitalize="off" spellCheck={false} maxLength={name === 'scopes' ? 4096 : 200} value={p.draft[name]} onChange={(e) => p.onDraft({ ...p.draft, [name]: e.target.value })} />
      )}
    </Field>
  );
}

function Lines({ p, name }: { p: FieldsProps; name: 'redirects' | 'jwks' }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <Field id={`ac-${name}`} label={t(`field.${name}`)} hint={t(`hint.${name}`)}>
      {(aria) => <textarea {...aria} rows={3} spellCheck={false} value={p.draft[name]} onChange={(e) => p.onDraft({ ...p.draft, [name]: e.target.value })} />}
    </Field>
  );
}

function Tick({ p, name }: { p: FieldsProps; name: 'smsFactor' | 'noPhone' | 'isPublic' }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <label className="ac-tick">
      <input type="checkbox" checked={p.draft[name]} onChange={(e) => p.onDraft({ ...p.draft, [name]: e.target.checked })} />
      {t(`field.${name}`)}
    </label>
  );
}

function PostField(p: FieldsProps): ReactNode {
  const { t, i18n } = useTranslation('accounts');
  const chosen = p.posts.find((each) => each.name === p.draft.post);
  return (
    <Field id="ac-f-post" label={t('field.post')} problem={p.wrong.post && t(p.wrong.post)} hint={chosen?.second_factor ? t('hint.secondFactor') : undefined}>
      {(aria) => (
        <select {...aria} value={p.draft.post} onChange={(e) => p.onDraft({ ...p.draft, post: e.target.value })}>
          <option value="">{t(p.draft.kind === 'program' ? 'noPost' : 'choosePost')}</option>
          {p.posts.map((each) => (
            <option key={each.name} value={each.name}>
              {i18n.language === 'en' ? each.title_en : each.title_zh}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Fields(p: FieldsProps): ReactNode {
  const { kind } = p.draft;
  return (
    <>
      {p.fresh && <Line p={p} name="name" hint />}
      <Line p={p} name="display" />
      <PostField {...p} />
      <Line p={p} name="area" hint mode="numeric" />
      {kind === 'person' && <Line p={p} name="organization" hint />}
      {signsIn(kind) && <Line p={p} name="record" hint />}
      {signsIn(kind) && <PhoneFields {...p} />}
      {kind === 'program' && <ProgramFields {...p} />}
    </>
  );
}

function PhoneFields(p: FieldsProps): ReactNode {
  return (
    <>
      {!p.draft.noPhone && <Line p={p} name="phone" hint={p.hasPhone === true} mode="tel" />}
      {p.hasPhone && <Tick p={p} name="noPhone" />}
      {p.draft.kind === 'person' && !p.draft.noPhone && (p.hasPhone || p.draft.phone !== '') && <Tick p={p} name="smsFactor" />}
    </>
  );
}

function ProgramFields(p: FieldsProps): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <>
      <Line p={p} name="scopes" hint />
      <Lines p={p} name="redirects" />
      <Field id="ac-algorithm" label={t('field.algorithm')} hint={t('hint.algorithm')}>
        {(aria) => (
          <select {...aria} value={p.draft.algorithm} onChange={(e) => p.onDraft({ ...p.draft, algorithm: e.target.value })}>
            <option>RS256</option>
            <option>ES256</option>
          </select>
        )}
      </Field>
      <Lines p={p} name="jwks" />
      {p.fresh && !p.draft.jwks.trim() && <Tick p={p} name="isPublic" />}
    </>
  );
}
