// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';
import { t } from '../../core/i18n';
import { SignIn } from '../../core/ui/sign-in';

class AdminSignIn extends SignIn {
  static override styles = [...SignIn.styles, css`section { border-bottom: 0; }`];

  protected override why(): string {
    return t('admin.signin');
  }
}

customElements.define('admin-sign-in', AdminSignIn);
