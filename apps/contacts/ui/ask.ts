// What the pages of contact tracing ask of the program beside plain FHIR: the numbers of the city, the chain, naming contacts, the interview's form.
import { useQuery } from '@tanstack/react-query';
import type { Questionnaire, QuestionnaireResponse } from '@tk/components/form/model';
import { fhir, http, useSession } from '@tk/shell/session';
import type { Chain, Named, Settings } from './model';

const kJson = { 'Content-Type': 'application/json' };

export function useContactSettings(): Settings | null {
  const asked = useQuery({ queryKey: ['contacts', 'settings'], staleTime: Infinity, queryFn: async ({ signal }) => (await http.send<Settings>('GET', '/app/contacts/settings', { signal })).body });
  return asked.data ?? null;
}

export async function askChain(patient: string, direction: string, depth: number, signal: AbortSignal): Promise<Chain> {
  const query = new URLSearchParams({ case: `Patient/${patient}`, direction, depth: String(depth) });
  const answer = await http.send<Chain>('GET', `/app/contacts/chain?${query}`, { signal });
  return answer.body ?? { asOf: '', depth, nodes: [], edges: [] };
}

export async function nameContacts(body: object): Promise<Named> {
  const answer = await http.send<Named>('POST', '/app/contacts/name', { headers: kJson, body: JSON.stringify(body) });
  return answer.body ?? { added: 0, changed: 0, unchanged: 0, refused: [] };
}

export function useInterview(): { form: Questionnaire | null; error: unknown; again: () => void } {
  const asked = useQuery({ queryKey: ['contacts', 'interview', useSession().account], staleTime: Infinity, queryFn: async ({ signal }) => (await http.send<Questionnaire>('GET', '/app/contacts/forms/interview', { signal })).body });
  return { form: asked.data ?? null, error: asked.error, again: () => void asked.refetch() };
}

/** The interview of a person; answers the id of what was kept. Throws Failure. */
export async function sendInterview(patient: string, response: QuestionnaireResponse, key: string): Promise<string | null> {
  const kept = await fhir.create({ ...response, status: 'completed', subject: { reference: `Patient/${patient}` } } as QuestionnaireResponse, { key });
  return kept?.id ?? null;
}
