// Who may what: the posts with their rights (GET /admin/posts), and whether one account may do something with one record, step by step ($why, docs/flow/access.md).
import { http } from '../../shell/session';

export interface Post {
  name: string;
  title_zh: string;
  title_en: string;
  source: string;
  second_factor: boolean;
  reads: string[];
  writes: string[];
  operations: string[];
  tasks: string[];
  accounts: number;
}

export const kAll = '*';

export async function askPosts(signal?: AbortSignal): Promise<Post[]> {
  return (await http.send<{ posts: Post[] }>('GET', '/admin/posts', { signal })).body?.posts ?? [];
}

/** Posts that may read, write or call something of this name; all of them for "". */
export function postsThatMay(posts: readonly Post[], what: string): Post[] {
  const wanted = what.trim().toLowerCase();
  const holds = (held: readonly string[]): boolean => held.includes(kAll) || held.some((one) => one.toLowerCase().includes(wanted));
  return posts.filter((post) => wanted === '' || `${post.name} ${post.title_zh} ${post.title_en}`.toLowerCase().includes(wanted) || holds(post.reads) || holds(post.writes) || holds(post.operations));
}

export interface Question {
  account: string;
  resource: string; // "Type/id"
  deed: string; // "read", "write" or an operation
}

export const kResource = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

export interface Step {
  name: string;
  permits: boolean;
  text: string;
  rule: string;
  source: string;
}
export interface Verdict {
  may: boolean;
  policies: string;
  steps: Step[];
}

interface Part {
  name: string;
  valueBoolean?: boolean;
  valueString?: string;
  valueCode?: string;
  part?: Part[];
}

export function verdictIn(parameters: Part[]): Verdict {
  const of = (parts: Part[] | undefined, name: string): Part | undefined => parts?.find((one) => one.name === name);
  const steps = parameters.filter((one) => one.name === 'step').map(({ part }): Step => ({
    name: of(part, 'name')?.valueCode ?? '', permits: of(part, 'permits')?.valueBoolean ?? false, text: of(part, 'text')?.valueString ?? '', rule: of(part, 'rule')?.valueString ?? '', source: of(part, 'source')?.valueString ?? '',
  }));
  return { may: of(parameters, 'may')?.valueBoolean ?? false, policies: of(parameters, 'policies')?.valueString ?? '', steps };
}

export async function askWhy(question: Question, signal?: AbortSignal): Promise<Verdict> {
  const query = new URLSearchParams({ account: question.account, resource: question.resource, do: question.deed });
  const told = await http.send<{ parameter?: Part[] }>('GET', `/fhir/$why?${query}`, { signal });
  return verdictIn(told.body?.parameter ?? []);
}
