// What a person does with a batch: one file for Jest, as to load the service takes longer than most of these tests.
import './verbs/cancel.part.js';
import './verbs/start.part.js';
import './verbs/delete.part.js';
import './verbs/control.part.js';
import './verbs/entity-tag.part.js';
