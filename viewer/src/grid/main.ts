// SPDX-License-Identifier: Apache-2.0
import '@fontsource-variable/noto-sans-sc';
import '../core/theme.css';
import './grid-page';
import { keepPage } from './offline';
import { watchQueue } from './queue';

watchQueue();
void keepPage();
