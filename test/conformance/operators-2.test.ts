import { cases, FIRST, operatorSuite } from './operator-suite.ts';

operatorSuite(cases.slice(FIRST));
