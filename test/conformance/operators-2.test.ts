import { cases, operatorSuite } from './operator-suite.ts';

operatorSuite(cases.slice(cases.length >> 1));
