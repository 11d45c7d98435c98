// English: it is there without this file, too, which is for pages that import a language by its code.

import { addLanguage, english } from '../texts.js';

addLanguage('en', english);
