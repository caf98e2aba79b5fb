import { cases, FIRST, operatorSuite, othersSuite } from './operator-suite.ts';

operatorSuite(cases.slice(0, FIRST));
othersSuite();
