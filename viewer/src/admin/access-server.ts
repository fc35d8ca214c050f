// SPDX-License-Identifier: Apache-2.0
/** What the desk asks of the server about people, the audit log, jobs and webhooks. */
import { get, send } from '../core/client';
import type { BlockName, Text } from '../core/api';
import type {
  Account, Accounts, AuditFilter, AuditHead, AuditPage, GivenMapping, GivenWebhook, Jobs, JobState, Mappings, OwnSession, Rights, Webhook,
} from './access-api';

interface Located { chain: (BlockName & { level_name: Text })[]; candidates: { kind: string; code: string | null; text: string }[]; match_level: string }

const filled = (filter: Partial<AuditFilter>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, value === '' ? undefined : value]));

export const access = {
  accounts: () => get<Accounts>('/accounts'),
  makeAccount: (given: Rights & { login: string; password: string | null }) => send<Account & { password: string }>('POST', '/accounts', given),
  changeAccount: (id: number, given: Rights & { is_disabled: boolean }) => send<Account>('PUT', `/accounts/${id}`, given),
  disable: (id: number, isDisabled: boolean) => send<Account>('PATCH', `/accounts/${id}`, { is_disabled: isDisabled }),
  resetPassword: async (id: number, password: string | null) => (await send<{ password: string }>('POST', `/accounts/${id}/password`, { password })).password,
  endSessions: (id: number) => send<null>('DELETE', `/accounts/${id}/sessions`),
  mappings: () => get<Mappings>('/oidc/mappings'),
  makeMapping: (given: GivenMapping) => send<unknown>('POST', '/oidc/mappings', given),
  changeMapping: (id: number, given: GivenMapping) => send<unknown>('PUT', `/oidc/mappings/${id}`, given),
  dropMapping: (id: number) => send<null>('DELETE', `/oidc/mappings/${id}`),
  ownSessions: async () => (await get<{ sessions: OwnSession[] }>('/sessions')).sessions,
  endOwnSession: (id: number) => send<null>('DELETE', `/sessions/${id}`),
  changePassword: (password: string, newPassword: string) => send<null>('PUT', '/session/password', { password, new_password: newPassword }),
  audit: (filter: Partial<AuditFilter>, before: number | undefined, limit: number) => get<AuditPage>('/audit', { ...filled(filter), before, limit }),
  auditHead: () => get<AuditHead>('/audit/head'),
  jobs: (state: JobState | '', before: number | undefined, limit: number) => get<Jobs>('/jobs', { state: state || undefined, before, limit }),
  webhooks: async () => (await get<{ webhooks: Webhook[] }>('/webhooks')).webhooks,
  makeWebhook: (given: GivenWebhook) => send<Webhook & { secret: string }>('POST', '/webhooks', given),
  changeWebhook: (id: number, given: Partial<GivenWebhook & { is_active: boolean }>) => send<Webhook>('PATCH', `/webhooks/${id}`, given),
  dropWebhook: (id: number) => send<null>('DELETE', `/webhooks/${id}`),
  redeliver: (id: number) => send<Webhook>('POST', `/webhooks/${id}/redeliver`),
  rotateSecret: async (id: number) => (await send<{ secret: string }>('POST', `/webhooks/${id}/secret`)).secret,
  locate: (query: { q: string } | { code: string }, signal: AbortSignal) => get<Located>('/locate', { ...query, ...('q' in query && { limit: 50 }) }, signal),
};
