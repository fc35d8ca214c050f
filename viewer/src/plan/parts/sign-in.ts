// SPDX-License-Identifier: Apache-2.0
/** Shown to whoever is not signed in: looking is free, uploading is not. */
import { t } from '../../core/i18n';
import { SignIn } from '../../core/ui/sign-in';

class PlanSignIn extends SignIn {
  protected override why(): string {
    return t('signin.why');
  }
}

customElements.define('plan-sign-in', PlanSignIn);
