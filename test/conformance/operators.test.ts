import { cases, operatorSuite, othersSuite } from './operator-suite.ts';

// Two files, for two cores: operators-2.test.ts has the other half.
operatorSuite(cases.slice(0, cases.length >> 1));
othersSuite();
