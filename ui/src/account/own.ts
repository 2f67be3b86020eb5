// What one asks of one's own sign-on: /auth/factor, /auth/sessions, /auth/change-password. Throws Failure; 'forbidden' is a wrong password.
import { http } from '../shell/session';
import type { Challenge } from '../shell/session';

export interface OwnFactor {
  password: boolean;
  password_set?: string;
  app: boolean;
  recovery_left: number;
  sms: boolean;
  demanded: boolean;
}

export interface OwnSession {
  id: string;
  program?: string;
  scope?: string;
  begun: string;
  seen: string;
  ends: string;
  methods: string;
  device: string;
  place: 'here' | 'local' | 'internet' | '';
  this: boolean;
}

async function post<T>(step: string, body: Record<string, string>): Promise<T> {
  const answer = await http.send<T>('POST', '/auth/' + step, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return answer.body as T;
}

export const askFactor = async (): Promise<OwnFactor> => (await http.send<OwnFactor>('GET', '/auth/factor')).body as OwnFactor;
export const askSessions = async (): Promise<OwnSession[]> => (await http.send<{ sessions: OwnSession[] }>('GET', '/auth/sessions')).body?.sessions ?? [];
/** Without an id: all but this one. */
export const endSession = async (id?: string): Promise<void> => void (await http.send('DELETE', '/auth/sessions' + (id ? '/' + id : '')));
export const changePassword = (old: string, password: string): Promise<null> => post('change-password', { old, password });
export const startEnrolment = (password: string): Promise<Challenge> => post('factor', { password });
export const confirmEnrolment = async (ticket: string, code: string): Promise<string[]> => (await post<{ recovery: string[] }>('factor-confirm', { ticket, code })).recovery;
export const removeFactor = (password: string): Promise<null> => post('factor-remove', { password });
export const newRecovery = async (password: string): Promise<string[]> => (await post<{ recovery: string[] }>('recovery', { password })).recovery;
