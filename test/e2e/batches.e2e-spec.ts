// Batches: made, listed, shown: one file for Jest, as to load the service takes longer than most of these tests.
import './batches/create.part.js';
import './batches/list.part.js';
import './batches/detail.part.js';
import './batches/problems.part.js';
import './batches/no-body.part.js';
