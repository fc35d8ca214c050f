// SPDX-License-Identifier: Apache-2.0
/** What the audit log calls things that are done, in the page's language. */
import { t, type Key } from '../core/i18n';
import zh from '../core/locales/zh-CN.json';

/** The verbs there are, by what they are done to; the log may have others, which are shown as they are. */
export const VERBS: readonly { group: string; verbs: readonly string[] }[] = [
  { group: 'session', verbs: ['session.open', 'session.close', 'session.refuse'] },
  { group: 'access', verbs: ['access.refuse'] },
  { group: 'account', verbs: ['account.make', 'account.change', 'account.disable', 'account.delete'] },
  { group: 'token', verbs: ['token.make', 'token.change', 'token.revoke', 'token.delete'] },
  { group: 'grant', verbs: ['grant.give', 'grant.change', 'grant.take'] },
  { group: 'data', verbs: ['data.read'] },
  { group: 'feature', verbs: ['feature.write', 'feature.edit'] },
  { group: 'proposal', verbs: ['proposal.make', 'proposal.decide'] },
  { group: 'placement', verbs: ['placement.decide'] },
  { group: 'register', verbs: ['register.write'] },
  { group: 'photo', verbs: ['photo.add', 'photo.delete'] },
  { group: 'upload', verbs: ['upload.make', 'upload.delete'] },
  { group: 'load', verbs: ['load.finish', 'load.withdraw', 'load.delete'] },
  { group: 'purge', verbs: ['purge.make'] },
  { group: 'export', verbs: ['export.make'] },
  { group: 'file', verbs: ['file.download'] },
  { group: 'config', verbs: ['config.change'] },
  { group: 'audit', verbs: ['audit.export', 'audit.archive'] },
  { group: 'backup', verbs: ['backup.make', 'backup.restore'] },
];

const known = (key: string): key is Key => key in zh;

export function verbName(verb: string): string {
  const key = `verb.${verb}`;
  return known(key) ? t(key) : verb;
}

export function verbGroup(group: string): string {
  const key = `verbs.${group}`;
  return known(key) ? t(key) : group;
}
