BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'scheduler_api','m0001_tables','2026-11-28 06:55:15.891668+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'scheduler_api','m0002_append_only','2026-11-28 06:55:15.893566+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'scheduler_api','m0003_phones','2026-11-28 06:55:15.895276+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'scheduler_api','m0004_reminders','2026-11-28 06:55:15.897343+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'scheduler_api','m0005_deliveries','2026-11-28 06:55:15.899283+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'scheduler_api','m0006_site_calendars','2026-11-28 06:55:15.900444+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'scheduler_api','m0007_worklist','2026-11-28 06:55:15.901502+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'scheduler_api','m0008_audit','2026-11-28 06:55:15.903838+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'scheduler_api','m0009_request_counts','2026-11-28 06:55:15.904836+00:00');
CREATE TABLE acknowledgements (
        entry_id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        note TEXT NOT NULL,
        until TEXT NOT NULL,
        because TEXT NOT NULL,
        acknowledged_at TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT
    );
INSERT INTO "acknowledgements" VALUES('booking_past.p-d47bfbb5a829b4c1.imaging-w24','p-d47bfbb5a829b4c1','called, comes on Monday','2024-10-09','booked 2024-06-06, nothing recorded as done','2024-10-04T04:00:00.000000+00:00','nurse','study nurse');
CREATE TABLE activations (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        made_by TEXT,
        expires_at TEXT NOT NULL,
        used_at TEXT
    );
CREATE TABLE answers (
        token_id TEXT NOT NULL,
        key TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        status INTEGER NOT NULL,
        headers TEXT NOT NULL,
        body TEXT NOT NULL,
        answered_at TEXT NOT NULL,
        PRIMARY KEY (token_id, key)
    );
CREATE TABLE audit (
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT,
        action TEXT NOT NULL,
        patient_id TEXT,
        site TEXT,
        route TEXT,
        detail TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (stream, seq)
    );
INSERT INTO "audit" VALUES('cli-0',1,'2026-11-28T06:55:15.905509+00:00','cli-0','admin','cli','protocol_added',NULL,NULL,NULL,'{"protocol":"nct06110650","version":1}','5492566b8ab608c641fe447c0b8ce75687fa7ea38eb5eff0ac4682f65c896a86');
INSERT INTO "audit" VALUES('cli-0',2,'2026-11-28T06:55:15.905509+00:00','cli-0','admin','cli','site_added',NULL,'FUSCC',NULL,'{"new":{"site":"FUSCC","name":"Fudan University Shanghai Cancer Center","country":"CN","time_zone":"Asia/Shanghai","opening_days":["monday","tuesday","wednesday","thursday","friday"]}}','9b0fdeeb6d82b24166ab28fcfbb95cf5edccfdcaaa164ff564d532606e885a67');
INSERT INTO "audit" VALUES('p-d47bfbb5a829b4c1',1,'2024-10-04T04:00:00.000000+00:00','nurse-1','nurse','study nurse','worklist_acknowledged','p-d47bfbb5a829b4c1','FUSCC',NULL,'{"entry_id":"booking_past.p-d47bfbb5a829b4c1.imaging-w24","new":{"note":"called, comes on Monday","until":"2024-10-09"}}','d1af3e658008511c14ed36e7b1182e085f372073f1d6aa80e42ed2df6e3eb970');
CREATE TABLE checkpoint_heads (
        log TEXT NOT NULL,
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL,
        checkpoint INTEGER NOT NULL,
        PRIMARY KEY (log, stream, seq)
    );
CREATE TABLE checkpoints (
        checkpoint INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        heads INTEGER NOT NULL,
        digest TEXT NOT NULL,
        hash TEXT NOT NULL,
        signed_by TEXT,
        signature TEXT
    );
CREATE TABLE deliveries (
        message_id TEXT NOT NULL REFERENCES outbox (message_id) ON DELETE CASCADE,
        destination_id TEXT NOT NULL REFERENCES destinations (destination_id),
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_at TEXT NOT NULL,
        problem TEXT,
        settled_at TEXT,
        PRIMARY KEY (message_id, destination_id)
    );
CREATE TABLE delivery_counts (
        what TEXT NOT NULL,
        kind TEXT NOT NULL,
        channel TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (what, kind, channel)
    );
CREATE TABLE destinations (
        destination_id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        site TEXT,
        patient_id TEXT,
        device_id TEXT,
        address TEXT NOT NULL,
        keys TEXT NOT NULL,
        language TEXT NOT NULL,
        made_at TEXT NOT NULL,
        made_by TEXT NOT NULL,
        ended_at TEXT,
        ended_because TEXT,
        failures INTEGER NOT NULL DEFAULT 0,
        paused_until TEXT
    );
CREATE TABLE device_tokens (
        access_hash TEXT PRIMARY KEY,
        refresh_hash TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        access_expires_at TEXT NOT NULL,
        refresh_expires_at TEXT NOT NULL,
        replaced_at TEXT,
        given_for TEXT,
        dropped INTEGER NOT NULL DEFAULT 0
    );
CREATE TABLE devices (
        device_id TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        name TEXT NOT NULL,
        activated_at TEXT NOT NULL,
        ended_at TEXT,
        ended_because TEXT
    );
CREATE TABLE facts (
        patient_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        fact_id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        data TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT,
        replaces TEXT,
        correction TEXT,
        hash TEXT NOT NULL, actor TEXT,
        PRIMARY KEY (patient_id, seq)
    ) WITHOUT ROWID
    ;
INSERT INTO "facts" VALUES('p-00d8a509e69aa982',1,'f-2dd480b2e966012f','enrolled','{"subject_number":"FUSCC-29","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-09-29","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-10-06"}','2024-09-29T12:07:31.000000+00:00','nurse','study nurse',NULL,NULL,'970c3cafe46b461197fe8c1eea20f70af8f908d528005608a81b1760ccfc44ee','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',1,'f-596c6e38bf15f865','enrolled','{"subject_number":"FUSCC-24","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-08-05","sex":"male","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-08-09"}','2024-08-05T11:58:00.000000+00:00','nurse','study nurse',NULL,NULL,'9f3cd84add64d52b3a70d78ac008446209abf4e54aad0793ce58a711e3a55248','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',2,'f-1626ee38668f7994','dose_recorded','{"dose_on":"2024-08-08","status":"taken"}','2024-08-08T11:58:27.000000+00:00','nurse','study nurse',NULL,NULL,'dba69b3c9cb018d1af02091be601409910bedab847d6ef1d71ebdc226b3d6b19','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',3,'f-935e3ca04c57b4df','treatment_started','{"first_dose_on":"2024-08-09"}','2024-08-09T11:58:33.000000+00:00','nurse','study nurse',NULL,NULL,'5e104c000cdaf0128a27c35f25af7104b4357fdbdf8a2d7dc11c4e263f1b334b','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',4,'f-09432d0f6087c6ea','dose_recorded','{"dose_on":"2024-08-09","status":"taken"}','2024-08-09T12:01:24.000000+00:00','nurse','study nurse',NULL,NULL,'45b6f92a2c4e8687937d5b19456a73754e103707ecbf3d2312ce4f342c9a60c4','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',5,'f-0e3329d637d20206','dose_recorded','{"dose_on":"2024-08-10","status":"taken"}','2024-08-10T11:58:05.000000+00:00','nurse','study nurse',NULL,NULL,'97256e7a82cc50553c7bce6a49b74bd949653306bbfcb7f181f7a633c81e0a8b','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',6,'f-424d59c561d115c0','dose_recorded','{"dose_on":"2024-08-11","status":"taken"}','2024-08-11T11:58:22.000000+00:00','nurse','study nurse',NULL,NULL,'7fa2f73c66a44d54f2ffbdee22a2754ae17ac7a904f21ab49b3ab2c5db937b4d','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',7,'f-706b5da647316a9a','dose_recorded','{"dose_on":"2024-08-12","status":"taken","taken_at":"2024-08-12T08:33:00+08:00"}','2024-08-12T11:58:52.000000+00:00','nurse','study nurse',NULL,NULL,'fe52b4ab008b71cca6c40c73d4dd7036fc45d65a94f98b03f038d071f1affa96','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',8,'f-28baefb3c4bfc5df','dose_recorded','{"dose_on":"2024-08-13","status":"missed"}','2024-08-13T11:58:13.000000+00:00','nurse','study nurse',NULL,NULL,'b00f1682664d2dee44dc8fffbac7f728957c4c147a864713b872b5df9847ca43','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',9,'f-56ad814ca33411a9','dose_recorded','{"dose_on":"2024-08-14","status":"taken","taken_at":"2024-08-14T08:22:00+08:00"}','2024-08-14T11:58:34.000000+00:00','nurse','study nurse',NULL,NULL,'675700ddd29db50e0c22cb3e29636b77ca21b6a879d29c5329474913c2eeb417','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',10,'f-1aec8fa41b80b736','dose_recorded','{"dose_on":"2024-08-15","status":"taken"}','2024-08-15T11:58:36.000000+00:00','nurse','study nurse',NULL,NULL,'3e896778a415e67f2e80b21fc4604326144ea6fa58108c256158c374549c0790','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',11,'f-c1728c98780887c0','dose_recorded','{"dose_on":"2024-08-16","status":"taken","taken_at":"2024-08-16T08:25:00+08:00"}','2024-08-16T11:58:17.000000+00:00','nurse','study nurse',NULL,NULL,'4a1f40cf9b0165d0afa8a4b745a60df27aa0c281676c7e56440714173cb16dbe','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',12,'f-670ab1ac40abe8b2','dose_recorded','{"dose_on":"2024-08-17","status":"taken"}','2024-08-17T11:58:26.000000+00:00','nurse','study nurse',NULL,NULL,'802595cdc9a2b9318e4d08d5500121c69ef75a84ed667e31ab51ae49a25e4186','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',13,'f-5239a776a80060f7','visit_booked','{"visit":"imaging-w6","booked_on":"2024-09-11","time":"09:30","place":"Imaging, building 2"}','2024-08-18T11:58:04.000000+00:00','nurse','study nurse',NULL,NULL,'c10cdb71a7670381e2da8589eff18f219559983bcbfbd5e48bae49e2391955a7','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',14,'f-c757dd4fcf32d11e','dose_recorded','{"dose_on":"2024-08-19","status":"taken"}','2024-08-19T11:58:35.000000+00:00','nurse','study nurse',NULL,NULL,'7787b87b257df22284f8c210ae1d8d61a3dd1784a54b7d22ff2cd3e623f78617','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',15,'f-a246cf4b03e834b8','dose_recorded','{"dose_on":"2024-08-20","status":"taken"}','2024-08-20T11:58:31.000000+00:00','nurse','study nurse',NULL,NULL,'94e758a336aefb53d1f50fd4d69c1e68052b57833d3fbc7b0e13b862f38a71b5','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',16,'f-913d112b7f22bc10','dose_recorded','{"dose_on":"2024-08-21","status":"taken","taken_at":"2024-08-21T07:35:00+08:00"}','2024-08-21T11:58:47.000000+00:00','nurse','study nurse',NULL,NULL,'ac567e068b100845e71d95ba0255ceee3eba7e8bb6f24fc79e335eb3781e1238','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',17,'f-c67c19823f46a5bf','dose_recorded','{"dose_on":"2024-08-22","status":"taken"}','2024-08-22T11:58:41.000000+00:00','nurse','study nurse',NULL,NULL,'5e2f82e950d47aaf16927030c9670db9e265335b5245b68ccfe468fd632c7c9d','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',18,'f-6a886443180b4f2b','dose_recorded','{"dose_on":"2024-08-23","status":"taken","taken_at":"2024-08-23T08:29:00+08:00"}','2024-08-23T11:58:13.000000+00:00','nurse','study nurse',NULL,NULL,'4912463a9ad7287972f2da8c10a0959de32831a853ec71d06a96f56bc88dc7f7','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',19,'f-7d200a129ff83c16','dose_recorded','{"dose_on":"2024-08-24","status":"taken","taken_at":"2024-08-24T08:45:00+08:00"}','2024-08-24T11:58:30.000000+00:00','nurse','study nurse',NULL,NULL,'de5f7e728422f8c86d422b8f65b78ebab3cdddcc2d0b8925cd14fd7abd6671a6','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',20,'f-497e25a5dbeb222a','dose_recorded','{"dose_on":"2024-08-25","status":"taken","taken_at":"2024-08-25T08:14:00+08:00"}','2024-08-25T11:58:22.000000+00:00','nurse','study nurse',NULL,NULL,'7b300c595377f3631ee84dcb551c90f55baf9438e6c6c698a5f840bcaf23bced','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',21,'f-e09608e165ee9fa2','dose_recorded','{"dose_on":"2024-08-26","status":"taken","taken_at":"2024-08-26T08:01:00+08:00"}','2024-08-26T11:58:38.000000+00:00','nurse','study nurse',NULL,NULL,'d372d1b8f14c32a1549efb341bbce3b47dc6a2a858354b14e35da58f9bb46e75','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',22,'f-c9b3683e8c9f77a3','dose_recorded','{"dose_on":"2024-08-27","status":"taken","taken_at":"2024-08-27T07:58:00+08:00"}','2024-08-27T11:58:31.000000+00:00','nurse','study nurse',NULL,NULL,'5683b5dab32fa7d7d86a0a95d7d37cf64ccd4cc4b87a8fa46e6c291cab7ba193','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',23,'f-e03300466398e477','dose_recorded','{"dose_on":"2024-08-28","status":"taken","taken_at":"2024-08-28T08:59:00+08:00"}','2024-08-28T11:58:07.000000+00:00','nurse','study nurse',NULL,NULL,'631d7af7f5643dd626f69b4b776b8406a2a71ec881f470dfb5228157486f3e07','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',24,'f-f8b42febf252ad8e','dose_recorded','{"dose_on":"2024-08-29","status":"missed"}','2024-08-29T11:58:23.000000+00:00','nurse','study nurse',NULL,NULL,'c7a6922827ab5fcbb403d259bf5d1aa1c34d7aefc480133e222a9a9840b0d7f3','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',25,'f-8ae8f91121e6f644','dose_recorded','{"dose_on":"2024-08-30","status":"taken"}','2024-08-30T11:58:22.000000+00:00','nurse','study nurse',NULL,NULL,'35832d0900d1b622782ceeb42ef116d53b5d3ddae261a98624894aeddfaedc9e','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',26,'f-667637109d2acff4','dose_recorded','{"dose_on":"2024-08-31","status":"taken"}','2024-08-31T11:58:51.000000+00:00','nurse','study nurse',NULL,NULL,'c27ec439708d0fa3590c6c275848e73c4d59dc9c051886311606e3d9cb32640a','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',27,'f-258168b940bef420','dose_recorded','{"dose_on":"2024-09-01","status":"taken"}','2024-09-01T11:58:07.000000+00:00','nurse','study nurse',NULL,NULL,'5fa859ac904620db8a7a958e6c0ef8e6ef32c5de950dc587986530d3253e3545','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',28,'f-9980373dc03ea02d','dose_recorded','{"dose_on":"2024-09-02","status":"taken","taken_at":"2024-09-02T08:27:00+08:00"}','2024-09-02T11:58:01.000000+00:00','nurse','study nurse',NULL,NULL,'02cfe6c700925c4f263aa99fba133cf40b0ade10e7d6c85ca7a34d69532ad816','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',29,'f-19bc556f9928bd41','dose_recorded','{"dose_on":"2024-09-03","status":"taken"}','2024-09-03T11:58:22.000000+00:00','nurse','study nurse',NULL,NULL,'f1b8b829df5200e394059d3afe1d05b5d1b3361e40043b6aa2fe640a5719a892','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',30,'f-3f55beb2abedbcec','dose_recorded','{"dose_on":"2024-09-04","status":"taken"}','2024-09-04T11:58:01.000000+00:00','nurse','study nurse',NULL,NULL,'5c478cf1dcc8e97526c04ed708b97d9cbdb10130f2ca827684ac1dbd41cc21e9','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',31,'f-f90f1eb72d1e5d8f','dose_recorded','{"dose_on":"2024-09-05","status":"taken"}','2024-09-05T11:58:34.000000+00:00','nurse','study nurse',NULL,NULL,'f4006a7798757b4f52bfb7cf1239abbdfe5b9229517dead58df6d1e899c2bae1','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',32,'f-1f8d58665d287c88','dose_recorded','{"dose_on":"2024-09-06","status":"taken","taken_at":"2024-09-06T08:35:00+08:00"}','2024-09-06T11:58:39.000000+00:00','nurse','study nurse',NULL,NULL,'bb93cf155d0baf76917d3ab45e4e2770a1ff105491fea110d6a6958288075181','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',33,'f-9061f25d2d35eb47','dose_recorded','{"dose_on":"2024-09-07","status":"taken"}','2024-09-07T11:58:02.000000+00:00','nurse','study nurse',NULL,NULL,'fb6d77125db7011a9b10e47dd9c55fe370f291a84135d7582904d9a82605d184','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',34,'f-b916d5f73d71ddb4','dose_recorded','{"dose_on":"2024-09-08","status":"taken"}','2024-09-08T11:58:46.000000+00:00','nurse','study nurse',NULL,NULL,'1fb457548c2279a144a8fc5d8da4139254697b0c9ce2a5128cc016ea489fa287','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',35,'f-384e5ae596da2607','dose_recorded','{"dose_on":"2024-09-09","status":"taken","taken_at":"2024-09-09T07:50:00+08:00"}','2024-09-09T11:58:40.000000+00:00','nurse','study nurse',NULL,NULL,'a1ca95a728e9a08ead5657740bf57c018928b7023353e9d42575f3a43f9c4295','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',36,'f-99622e9afa98a21e','dose_recorded','{"dose_on":"2024-09-10","status":"taken","taken_at":"2024-09-10T07:38:00+08:00"}','2024-09-10T11:58:09.000000+00:00','nurse','study nurse',NULL,NULL,'9fdebcc3544fb2cf2a730e2b3f637627aa13b8339b26d8502a3e86cab5124296','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',37,'f-3e81b8c9cc43c358','visit_done','{"series":"imaging","done_on":"2024-09-11","response":"SD"}','2024-09-11T11:58:46.000000+00:00','nurse','study nurse',NULL,NULL,'5ca1405aa24a478b34672f067dbe3bada0b51317b5dc172c94517159d60faba5','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',38,'f-73163fd6c273d5cc','dose_recorded','{"dose_on":"2024-09-11","status":"taken","taken_at":"2024-09-11T07:52:00+08:00"}','2024-09-11T12:01:26.000000+00:00','nurse','study nurse',NULL,NULL,'207f242e4afae1e2f343eef2f06842962d28df4ab015a313883397471c7455e6','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',39,'f-f3e92db6c99399c1','dose_recorded','{"dose_on":"2024-09-12","status":"taken"}','2024-09-12T11:58:05.000000+00:00','nurse','study nurse',NULL,NULL,'3b1e1f6f7871354a7a1751922417c40684f5889c47354fa24a31c2444ae0e691','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',40,'f-2309c6ef69458164','dose_recorded','{"dose_on":"2024-09-13","status":"taken"}','2024-09-13T11:58:31.000000+00:00','nurse','study nurse',NULL,NULL,'45d7df530eee2d2e7d678544340cb8a6286477ba11d00c264529aecdddb24dc5','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',41,'f-87cd64d5f8326b1c','dose_recorded','{"dose_on":"2024-09-14","status":"taken"}','2024-09-14T11:58:56.000000+00:00','nurse','study nurse',NULL,NULL,'e6b6b96cdf0326a69fbd76d2a19e734f939b521dc03f7d96a15b3320f0697f4e','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',42,'f-3921e243b1c4d718','dose_recorded','{"dose_on":"2024-09-15","status":"taken"}','2024-09-15T11:58:57.000000+00:00','nurse','study nurse',NULL,NULL,'5c0ba5f94a76a02c3322488893b9fe38c611f097809990ef14852185e36cc6e7','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',43,'f-3f7f820de505d96e','dose_recorded','{"dose_on":"2024-09-16","status":"taken","taken_at":"2024-09-16T08:04:00+08:00"}','2024-09-16T11:58:13.000000+00:00','nurse','study nurse',NULL,NULL,'6045fa551498b2af044154067a49e92f38978066edec826f8c40918460afa259','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',44,'f-294899522f2511a2','dose_recorded','{"dose_on":"2024-09-17","status":"missed"}','2024-09-17T11:58:34.000000+00:00','nurse','study nurse',NULL,NULL,'b4c84cc568803ab45a9f8f8faf052c5c934a481bbb46d52af630d155504adcdc','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',45,'f-6b2958a0efe2a102','dose_recorded','{"dose_on":"2024-09-18","status":"taken"}','2024-09-18T11:58:48.000000+00:00','nurse','study nurse',NULL,NULL,'4297539e2ef78e4d68a0cbbb2a30c244f96aa8ee42b287b7ff0183901b0aa71b','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',46,'f-7baf9cbacd02871e','dose_recorded','{"dose_on":"2024-09-19","status":"taken"}','2024-09-19T11:58:58.000000+00:00','nurse','study nurse',NULL,NULL,'eacfe8e4c7e819b899cc0dc3000ab5145d69f04bac24d6d2fb91056c1c4a1f61','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',47,'f-881d11ec181ca232','dose_recorded','{"dose_on":"2024-09-20","status":"taken","taken_at":"2024-09-20T07:40:00+08:00"}','2024-09-20T11:58:42.000000+00:00','nurse','study nurse',NULL,NULL,'da050e74a9ecb8aa5d4b62c4ce61b12468461f7944609d4a4c7c9a409a37706f','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',48,'f-aabfc3b65b690e59','dose_recorded','{"dose_on":"2024-09-21","status":"taken","taken_at":"2024-09-21T08:23:00+08:00"}','2024-09-21T11:58:20.000000+00:00','nurse','study nurse',NULL,NULL,'12952c3ffb9dfd37d681f859849c7177c41ec3596e7c4e8d9d6cfa54326f5b10','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',49,'f-5f4227faaa72d827','dose_recorded','{"dose_on":"2024-09-22","status":"taken"}','2024-09-22T11:58:17.000000+00:00','nurse','study nurse',NULL,NULL,'b7d46b02c343ced3ccc39c98c4231fdba92a3952c1868fb17997331fa6de85df','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',50,'f-ae77bfdeb5172ec2','dose_recorded','{"dose_on":"2024-09-23","status":"taken","taken_at":"2024-09-23T08:14:00+08:00"}','2024-09-23T11:58:32.000000+00:00','nurse','study nurse',NULL,NULL,'e787c25167c985106418754f589561f6b9fb6b980c2426e1edd361f93f669332','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',51,'f-20ba67b80f761088','dose_recorded','{"dose_on":"2024-09-24","status":"taken"}','2024-09-24T11:58:39.000000+00:00','nurse','study nurse',NULL,NULL,'680ef60273e68701a19439b367429cd5a2cd4a9f498bb39415efc501aed68756','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',52,'f-d783de468b6f32bc','dose_recorded','{"dose_on":"2024-09-25","status":"taken"}','2024-09-25T11:58:52.000000+00:00','nurse','study nurse',NULL,NULL,'2c00613d855bdcb2fefe1e9e5e0939153cd27a24753f2d12a99e5699b9967c28','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',53,'f-0dbe0160d103dca9','dose_recorded','{"dose_on":"2024-09-26","status":"taken","taken_at":"2024-09-26T08:48:00+08:00"}','2024-09-26T11:58:31.000000+00:00','nurse','study nurse',NULL,NULL,'910c823fe782068bcf1fb18fe0312cb731951b0ee954f20d0f6d23d0d13f5d60','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',54,'f-4fbaa349d2c874a7','dose_recorded','{"dose_on":"2024-09-28","status":"taken"}','2024-09-28T11:58:06.000000+00:00','nurse','study nurse',NULL,NULL,'7975e0e52cd84151827ecd0cfe01f99e6643a48ba95c106e63cb0b8c0e37cd1d','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',55,'f-2c04b9d55db99bbc','dose_recorded','{"dose_on":"2024-09-29","status":"taken","taken_at":"2024-09-29T07:40:00+08:00"}','2024-09-29T11:58:01.000000+00:00','nurse','study nurse',NULL,NULL,'28e190b2da2c5025d5893d9afea4abaeb652b408b425186b641a657b148aeef2','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',56,'f-a719826ae2440b69','dose_recorded','{"dose_on":"2024-09-30","status":"taken"}','2024-09-30T11:58:34.000000+00:00','nurse','study nurse',NULL,NULL,'7858c740bc5409a6e0851ad8933486e3d1069bff7753654e536917337a260b41','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',57,'f-b28e87b54c375be2','dose_recorded','{"dose_on":"2024-10-01","status":"taken"}','2024-10-01T11:58:54.000000+00:00','nurse','study nurse',NULL,NULL,'caa798f7e044c4ba4a33124dd29bed301d3b22c0bd4ec30a13272533557d8da0','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',58,'f-03e82047b8ef1269','dose_recorded','{"dose_on":"2024-10-02","status":"taken","taken_at":"2024-10-02T07:50:00+08:00"}','2024-10-02T11:58:44.000000+00:00','nurse','study nurse',NULL,NULL,'702a32d24de67280dbcebe960124cdd078f4db69cb28dcf60f7703f1763eba2e','samples');
INSERT INTO "facts" VALUES('p-2405234703245643',59,'f-e92c9458136ea291','dose_recorded','{"dose_on":"2024-10-03","status":"taken","taken_at":"2024-10-03T08:19:00+08:00"}','2024-10-03T11:58:49.000000+00:00','nurse','study nurse',NULL,NULL,'7339065d2752cf8af6dc3c1eb8effb0bdc8db4487b3804b10ab9bd83e9d6603e','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',1,'f-0c4b6111bb52fce6','enrolled','{"subject_number":"FUSCC-03","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2023-12-18","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2023-12-21"}','2023-12-18T11:35:22.000000+00:00','nurse','study nurse',NULL,NULL,'a438969ca361ce745a87166810db8fc597dea86acfe9132c02ede54618d7d9bf','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',2,'f-57c33516302f9224','treatment_started','{"first_dose_on":"2023-12-21"}','2023-12-21T11:35:05.000000+00:00','nurse','study nurse',NULL,NULL,'01b0a056b7505972d72dad0929f41fd94f2351d4bdb95b38cbf8ee863c85aab3','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',3,'f-d955af0c76c89344','dose_recorded','{"dose_on":"2023-12-21","status":"taken","taken_at":"2023-12-21T08:18:00+08:00"}','2023-12-21T11:38:34.000000+00:00','nurse','study nurse',NULL,NULL,'538c6fcf9b5cd22691de66e12be308d5a3a749a11337c11a9c676ba23a1f4d87','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',4,'f-0f66dc2415c2bec8','dose_recorded','{"dose_on":"2023-12-22","status":"taken"}','2023-12-22T11:35:15.000000+00:00','nurse','study nurse',NULL,NULL,'83664f864a4d4471579d03ef1a65f53e7cc21e92db03185c06b2fc5556e9aad2','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',5,'f-db12e61b3b49d455','dose_recorded','{"dose_on":"2023-12-23","status":"taken","taken_at":"2023-12-23T08:29:00+08:00"}','2023-12-23T11:35:25.000000+00:00','nurse','study nurse',NULL,NULL,'66c70f8108f50c1be27000cef946daebd049453972f033db45069e8c881d3b01','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',6,'f-f710484750297901','dose_recorded','{"dose_on":"2023-12-24","status":"taken","taken_at":"2023-12-24T08:12:00+08:00"}','2023-12-24T11:35:27.000000+00:00','nurse','study nurse',NULL,NULL,'319ba2c1ab62c136fd20ceec175fdf68ca8193907ac4d9ba535ad637aa560b38','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',7,'f-67eb54f07f7f1409','dose_recorded','{"dose_on":"2023-12-25","status":"taken","taken_at":"2023-12-25T07:31:00+08:00"}','2023-12-25T11:35:52.000000+00:00','nurse','study nurse',NULL,NULL,'b8d87b844f924698b61c0183cc6764359ac6906c55f9f33cb785034c4477b634','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',8,'f-5289084274f37691','dose_recorded','{"dose_on":"2023-12-26","status":"taken"}','2023-12-26T11:35:38.000000+00:00','nurse','study nurse',NULL,NULL,'49a2a8d4ad10a33a2f4eeb28a04509a6271698a8b730f080400ef8e26e6f6621','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',9,'f-f59755e05f3adb25','dose_recorded','{"dose_on":"2023-12-28","status":"taken","taken_at":"2023-12-28T07:30:00+08:00"}','2023-12-28T11:35:52.000000+00:00','nurse','study nurse',NULL,NULL,'bb24edbcff58c58c6530ddf64f5435729f3e3cd56a905423babc22b9e41ba527','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',10,'f-1b7d2aeb26cc448e','dose_recorded','{"dose_on":"2023-12-29","status":"taken"}','2023-12-29T11:35:40.000000+00:00','nurse','study nurse',NULL,NULL,'ce6b2e5f85a8afc07fb2cd8dda928fd2dca0b30020c354e81d80239bf622d34f','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',11,'f-732b907a9c2fdc41','dose_recorded','{"dose_on":"2023-12-30","status":"taken","taken_at":"2023-12-30T08:23:00+08:00"}','2023-12-30T11:35:42.000000+00:00','nurse','study nurse',NULL,NULL,'bdfd816fe18b96d917b1f37c2f949de6f16af809896e717bef5ec9b8fb93b784','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',12,'f-240f8b899f8e89e0','dose_recorded','{"dose_on":"2023-12-31","status":"taken"}','2023-12-31T11:35:37.000000+00:00','nurse','study nurse',NULL,NULL,'1851b17113efb484033ae676b033d1a44156460fa25168a62e26caa6fdcdba5c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',13,'f-f4a0460025f9df2b','dose_recorded','{"dose_on":"2024-01-01","status":"taken"}','2024-01-01T11:35:38.000000+00:00','nurse','study nurse',NULL,NULL,'cc975073c629369a00e447737d0819ac837c394e8634b897da1dff899c0c1b46','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',14,'f-d4896ac43e8e54eb','dose_recorded','{"dose_on":"2024-01-02","status":"taken"}','2024-01-02T11:35:28.000000+00:00','nurse','study nurse',NULL,NULL,'071a5fa48c94a357862aac1c2ac3051dfae7aae45acc62f4129af8b708253588','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',15,'f-9d7df61a12c851f0','dose_recorded','{"dose_on":"2024-01-03","status":"taken","taken_at":"2024-01-03T07:46:00+08:00"}','2024-01-03T11:35:59.000000+00:00','nurse','study nurse',NULL,NULL,'87d75cfc6c48ea44455e1e807be5b8784de386e00d1ffee5cf5b970aaa2324b7','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',16,'f-91eba983965aaf25','dose_recorded','{"dose_on":"2024-01-04","status":"taken","taken_at":"2024-01-04T07:45:00+08:00"}','2024-01-04T11:35:23.000000+00:00','nurse','study nurse',NULL,NULL,'8d9322cb138d956c01f4041f5f6df07c9942f7cc42d0ab55b5550edd368a92e6','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',17,'f-535b1bc1914749ec','dose_recorded','{"dose_on":"2024-01-05","status":"taken"}','2024-01-05T11:35:08.000000+00:00','nurse','study nurse',NULL,NULL,'7f85ba1f70cc5c07f9c077acdae0c9a3a46538eae9697403438fb9223354421e','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',18,'f-47ba6c1843e65242','dose_recorded','{"dose_on":"2024-01-06","status":"taken","taken_at":"2024-01-06T08:58:00+08:00"}','2024-01-06T11:35:35.000000+00:00','nurse','study nurse',NULL,NULL,'e3e5cc119bef7b7a7a6c0e0250cec5922b948f84b80457fdfb670e3df1c814fd','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',19,'f-edc02d6e730dea10','hold_started','{"from_on":"2024-01-07","reason":"proteinuria"}','2024-01-07T11:35:08.000000+00:00','nurse','study nurse',NULL,NULL,'df5d741e7a1e13859235c7b5561222c51a51f857e7412b1493aa02da677ffaa3','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',20,'f-a7a5886a79d88b39','visit_booked','{"visit":"imaging-w6","booked_on":"2024-02-02","time":"11:30","place":"Imaging, building 2"}','2024-01-09T11:35:29.000000+00:00','nurse','study nurse',NULL,NULL,'44f13f36432c63a743600712525791c7eaef78ed08981ee7d76ca857f66e052f','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',21,'f-9ee37cafbadc15ef','hold_ended','{"resumes_on":"2024-01-17"}','2024-01-17T11:35:59.000000+00:00','nurse','study nurse',NULL,NULL,'ca8584247792f777bad84cd3e26712c99072f58149dd9bf61b24a88396503abc','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',22,'f-9d5e407e75c7a1b7','dose_changed','{"from_on":"2024-01-17","dose_mg":250,"reason":"after proteinuria"}','2024-01-17T11:38:28.000000+00:00','nurse','study nurse',NULL,NULL,'667236b7201ee168ccc704c1951a5f7199c13452d121e2d1c3fc912195f5eabb','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',23,'f-96ada1ac1f14a6a9','dose_recorded','{"dose_on":"2024-01-17","status":"taken","taken_at":"2024-01-17T08:25:00+08:00"}','2024-01-17T11:41:29.000000+00:00','nurse','study nurse',NULL,NULL,'ebbbbc8adc79d256b0a0178ac904e6ba656293dc8b7de01ab0e30d895cdb7d6c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',24,'f-c755f6bb90bb82c0','dose_recorded','{"dose_on":"2024-01-18","status":"taken","taken_at":"2024-01-18T07:46:00+08:00"}','2024-01-18T11:35:55.000000+00:00','nurse','study nurse',NULL,NULL,'01888fc8e0d39bc18b0f374f56f38babf7781cc4550ab213b231740ae63519fa','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',25,'f-64e1021c1999e2d5','dose_recorded','{"dose_on":"2024-01-19","status":"taken","taken_at":"2024-01-19T07:34:00+08:00"}','2024-01-19T11:35:38.000000+00:00','nurse','study nurse',NULL,NULL,'05da9a7ef3a0440d28d23de3f4ea9368aa61d9ff788f3b87299fdae6b6414d20','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',26,'f-343f2238280f9bbd','dose_recorded','{"dose_on":"2024-01-20","status":"taken"}','2024-01-20T11:35:07.000000+00:00','nurse','study nurse',NULL,NULL,'5f5066e23b1dba36d3c6590afbd88c024deef49e271ca0ccf05e4079ffd1ab8c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',27,'f-5c85213be4d7d90c','dose_recorded','{"dose_on":"2024-01-21","status":"taken","taken_at":"2024-01-21T08:29:00+08:00"}','2024-01-21T11:35:26.000000+00:00','nurse','study nurse',NULL,NULL,'297809a561a3fe9f50d177e88f9eb02f854d08cc920436e99db0d0234c587a2c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',28,'f-cfa41679ba1f22b8','dose_recorded','{"dose_on":"2024-01-22","status":"taken","taken_at":"2024-01-22T08:46:00+08:00"}','2024-01-22T11:35:31.000000+00:00','nurse','study nurse',NULL,NULL,'ca1229c46a33c1eb07d34a34db9507701d67d0891524a28336f019fbfd00de2b','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',29,'f-d043280b79f9a947','dose_recorded','{"dose_on":"2024-01-23","status":"taken","taken_at":"2024-01-23T07:38:00+08:00"}','2024-01-23T11:35:57.000000+00:00','nurse','study nurse',NULL,NULL,'28197d8ace7768e1687ae91a721f0cb9249620b705a91253c832bea0fd7fb8fb','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',30,'f-aa4460f8a032b541','dose_recorded','{"dose_on":"2024-01-24","status":"taken","taken_at":"2024-01-24T08:21:00+08:00"}','2024-01-24T11:35:26.000000+00:00','nurse','study nurse',NULL,NULL,'70351fffd9bd8e99b030a6c7440b10d114769909f4a2fdc9b98fd8acade34c9e','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',31,'f-b1d30f41c84d32db','dose_recorded','{"dose_on":"2024-01-25","status":"taken","taken_at":"2024-01-25T07:45:00+08:00"}','2024-01-25T11:35:39.000000+00:00','nurse','study nurse',NULL,NULL,'b9756bcebd1f52560291335518233647eee06c6b0ba3401c755c205658b7d780','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',32,'f-835628971abc0a79','dose_recorded','{"dose_on":"2024-01-26","status":"taken","taken_at":"2024-01-26T08:34:00+08:00"}','2024-01-26T11:35:48.000000+00:00','nurse','study nurse',NULL,NULL,'5f5d16e21da69712607ecd13ae85be07d7e770e6fad033b82d315b2be40f4662','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',33,'f-8551efc2b08dbf02','dose_recorded','{"dose_on":"2024-01-27","status":"missed"}','2024-01-27T11:35:52.000000+00:00','nurse','study nurse',NULL,NULL,'7d7a4196dbac0a00a44fef593a72940c8f10b179b766b0c3bb1773c3737c4169','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',34,'f-91e137a0dc0fbf3d','dose_recorded','{"dose_on":"2024-01-28","status":"taken","taken_at":"2024-01-28T08:58:00+08:00"}','2024-01-28T11:35:37.000000+00:00','nurse','study nurse',NULL,NULL,'729a33bdfdda05fe9f10c3a7dd94cebe40196e0746f330357d9c5a5ffb73cad2','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',35,'f-4d7a4ee9c84b2f27','dose_recorded','{"dose_on":"2024-01-29","status":"taken","taken_at":"2024-01-29T07:51:00+08:00"}','2024-01-29T11:35:51.000000+00:00','nurse','study nurse',NULL,NULL,'dd2a2b33fad8845c9a1e92fa595d536465a763145755462d6f8b6ca63e1fb523','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',36,'f-4604e907076ba54b','dose_recorded','{"dose_on":"2024-01-30","status":"missed"}','2024-01-30T11:35:55.000000+00:00','nurse','study nurse',NULL,NULL,'8bcdd42598c64d3973185d819b793a958182fb5ec5df9aa896602ff88bced7c4','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',37,'f-d0aaa50f4dee7607','dose_recorded','{"dose_on":"2024-01-31","status":"taken"}','2024-01-31T11:35:10.000000+00:00','nurse','study nurse',NULL,NULL,'572855bdf62486bdaa65ad3036cd0daca3e0dc050212ae5f42d7cf72ebb8b249','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',38,'f-111d6cc012dd9f25','hold_started','{"from_on":"2024-02-01","reason":"raised transaminases"}','2024-02-01T11:35:39.000000+00:00','nurse','study nurse',NULL,NULL,'55d70f63348034114953336aca509f7fe9e644d2585b56db838c0018df62156e','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',39,'f-4a7592d3e5ca6b21','visit_done','{"series":"imaging","done_on":"2024-02-02","response":"SD"}','2024-02-02T11:35:10.000000+00:00','nurse','study nurse',NULL,NULL,'804efd03abe98b423afc93f77bf951326bf00beb37489652430411ab3ddc1cd3','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',40,'f-daf787dd65efc1d0','hold_ended','{"resumes_on":"2024-02-09"}','2024-02-09T11:35:16.000000+00:00','nurse','study nurse',NULL,NULL,'af9533b53decc3eb49f8c338db766938c5ede78f156399bd228ee719c2963df2','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',41,'f-3149fe2db0c58080','dose_changed','{"from_on":"2024-02-09","dose_mg":200,"reason":"after raised transaminases"}','2024-02-09T11:38:47.000000+00:00','nurse','study nurse',NULL,NULL,'0e8c1214c66eb7a24c8a17ad3498c8f43964e3c46979925aab28a5dd95f62658','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',42,'f-e89bc81ddcd52c2f','dose_recorded','{"dose_on":"2024-02-09","status":"taken"}','2024-02-09T11:41:30.000000+00:00','nurse','study nurse',NULL,NULL,'68b390fdfb3d55df182d9e922f2c4e9bdd704e8e2fd95479cf9c9bb1e177fdd6','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',43,'f-7919f8f528d85c19','dose_recorded','{"dose_on":"2024-02-10","status":"taken","taken_at":"2024-02-10T08:05:00+08:00"}','2024-02-10T11:35:59.000000+00:00','nurse','study nurse',NULL,NULL,'267bdfd37726984f1f86b0d8d5a85040d2a2ba201361fa7a6e6051d7df00f265','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',44,'f-4c4f5fdeb076b880','dose_recorded','{"dose_on":"2024-02-11","status":"taken","taken_at":"2024-02-11T07:34:00+08:00"}','2024-02-11T11:35:34.000000+00:00','nurse','study nurse',NULL,NULL,'54517ece3261e8866b0d2557647a4302afdcac68864673d557c497ecb5853151','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',45,'f-525b3726675fd20f','dose_recorded','{"dose_on":"2024-02-12","status":"taken","taken_at":"2024-02-12T08:44:00+08:00"}','2024-02-12T11:35:02.000000+00:00','nurse','study nurse',NULL,NULL,'75e3a33e8a5d1b759945dc253ffb690e189e79401b1cc9ba542acbbd9db584d7','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',46,'f-0ddd0cfa43b0d8eb','dose_recorded','{"dose_on":"2024-02-13","status":"taken"}','2024-02-13T11:35:21.000000+00:00','nurse','study nurse',NULL,NULL,'30f2aa5a1ab01148edb2658a99967a3a43747769f70d29526e61b0b2cf0b6956','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',47,'f-24a42d6c7feddbdd','dose_recorded','{"dose_on":"2024-02-14","status":"taken"}','2024-02-14T11:35:41.000000+00:00','nurse','study nurse',NULL,NULL,'6030c78806b2604ad3fc938391b9d1aac8161a5f979e0ea703f0b86011f095f2','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',48,'f-67a574ca4effbc19','dose_recorded','{"dose_on":"2024-02-15","status":"taken"}','2024-02-15T11:35:24.000000+00:00','nurse','study nurse',NULL,NULL,'6dc4e85536689a67216e6209bf82207e0fee531706b4be6d5fdc8471d1b9a01d','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',49,'f-f4e1e342c6faad80','visit_booked','{"visit":"imaging-w12","booked_on":"2024-03-11","time":"08:30","place":"Imaging, building 2"}','2024-02-16T11:35:48.000000+00:00','nurse','study nurse',NULL,NULL,'d9b86d7c8cc2cd77d9911e19bf0272bf67e3f4265aa31954a6cbd803392a8a2c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',50,'f-bd1e9d5406713bb8','dose_recorded','{"dose_on":"2024-02-16","status":"taken"}','2024-02-16T11:38:51.000000+00:00','nurse','study nurse',NULL,NULL,'b7c18d0dc8908ae01e85d64e3f0ecd7da2f48966503956860a55a55be81f0397','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',51,'f-642e55017bf6b1cf','dose_recorded','{"dose_on":"2024-02-17","status":"taken","taken_at":"2024-02-17T07:33:00+08:00"}','2024-02-17T11:35:47.000000+00:00','nurse','study nurse',NULL,NULL,'34605c7040674dd36d03f9d4d925de8993d5fcdcb5cd0bebfae10b7eefd1910c','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',52,'f-bed656dd45bf40c4','dose_recorded','{"dose_on":"2024-02-18","status":"taken","taken_at":"2024-02-18T08:29:00+08:00"}','2024-02-18T11:35:35.000000+00:00','nurse','study nurse',NULL,NULL,'4e0f951af915b0396077ae666941315db2b2a731ca86eba91cb797164c9fb651','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',53,'f-a0d3720b7e25ec76','treatment_ended','{"last_dose_on":"2024-02-18","decided_on":"2024-02-20","reason":"intolerance"}','2024-02-20T11:35:44.000000+00:00','nurse','study nurse',NULL,NULL,'208c6deedf05302172e94be3d2872c832a27b7c8574e2699d087f111b3ba7b17','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',54,'f-c23fecda4b542533','visit_done','{"series":"imaging","done_on":"2024-03-11","response":"SD"}','2024-03-11T11:35:54.000000+00:00','nurse','study nurse',NULL,NULL,'7e5c3911a0efc5f4053a7a98edcb687fae673eb18b82890dc5e7e3b5f74843c3','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',55,'f-7b8fa2c44709eb79','visit_done','{"series":"contraception","done_on":"2024-03-15"}','2024-03-15T11:35:54.000000+00:00','nurse','study nurse',NULL,NULL,'cfaa41a2a151ccccd451519a72d7b7115964f3955bca85c06f58a47d6cc82923','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',56,'f-49327dfcb167f502','visit_booked','{"visit":"imaging-w18","booked_on":"2024-04-26","time":"11:30","place":"Imaging, building 2"}','2024-04-02T11:35:10.000000+00:00','nurse','study nurse',NULL,NULL,'f1937c6bf99bf0b5c7c302c622da09fdb02b910da69cc0433b8f5e3969f9ffd6','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',57,'f-c0a4a0036afffef2','visit_done','{"series":"contraception","done_on":"2024-04-16"}','2024-04-16T11:35:19.000000+00:00','nurse','study nurse',NULL,NULL,'8dd118ad58ec287e1a3b16aab36c4b5e5c914c92bff17f06092f44f0d34c1f05','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',58,'f-d9cf338d8bbdf8a0','visit_done','{"series":"imaging","done_on":"2024-04-26","response":"SD"}','2024-04-26T11:35:38.000000+00:00','nurse','study nurse',NULL,NULL,'8b89dbafbbfffb26e94d5838895828e00c530df2ab3e02923b3339d8c543ec5e','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',59,'f-8ec568e0f5989ab6','visit_booked','{"visit":"imaging-w24","booked_on":"2024-06-06","time":"10:30","place":"Imaging, building 2"}','2024-05-13T11:35:16.000000+00:00','nurse','study nurse',NULL,NULL,'1a3aa977e9b4899d36ce8b633a753e3853f92f383c1bd4a9a0f8cf1063be51bc','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',60,'f-6172dedd284ad830','visit_done','{"series":"contraception","done_on":"2024-06-18"}','2024-06-18T11:35:36.000000+00:00','nurse','study nurse',NULL,NULL,'0670bfddee5b46933759d4b508c235c5cc0c0087a236bf4cf0e0c0a095f3b2d6','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',61,'f-664d65584d8acea5','visit_done','{"series":"contraception","done_on":"2024-07-18"}','2024-07-18T11:35:14.000000+00:00','nurse','study nurse',NULL,NULL,'bc73d4ab1c63e7de2f1b46977731cf55637907da7e980864518e039ae5e861a6','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',62,'f-c816645037f4dd70','visit_booked','{"visit":"imaging-w36","booked_on":"2024-08-28","time":"10:30","place":"Imaging, building 2"}','2024-08-04T11:35:10.000000+00:00','nurse','study nurse',NULL,NULL,'9f7f2a4a6a459f904943c6f4bb3a3f051290d1d2fc1d2f446a63134a6f1ad0e2','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',63,'f-fa88feeda36a705a','visit_done','{"series":"imaging","done_on":"2024-08-28","response":"NE"}','2024-08-28T11:35:31.000000+00:00','nurse','study nurse',NULL,NULL,'0f4ffa037e7b232b2a9809a334eda4afd4e8e81ecbd652f88a3484db9188b059','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',64,'f-9b813f36f6f7154b','visit_booked','{"visit":"imaging-w42","booked_on":"2024-10-03","time":"08:30","place":"Imaging, building 2"}','2024-09-09T11:35:02.000000+00:00','nurse','study nurse',NULL,NULL,'da48cd54b317097ccaa4c288a86dd356a8521b8743e07fc21a945c88419c7131','samples');
INSERT INTO "facts" VALUES('p-d47bfbb5a829b4c1',65,'f-c0ede957173e4b89','visit_done','{"series":"imaging","done_on":"2024-10-03","response":"SD"}','2024-10-03T11:35:31.000000+00:00','nurse','study nurse',NULL,NULL,'7bcfa3953c955302b5fbe183ee5f91bfea3969288eabb75509e090e2c0ded2b3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',1,'f-96645bcea95d32ed','enrolled','{"subject_number":"FUSCC-12","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-03-26","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-03-28"}','2024-03-26T11:18:34.000000+00:00','nurse','study nurse',NULL,NULL,'68ad62456067184535e3f35903c444bf6e0a30ec1970bda1a9f242709c798012','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',2,'f-7c9e583354feb103','treatment_started','{"first_dose_on":"2024-03-28"}','2024-03-28T11:18:10.000000+00:00','nurse','study nurse',NULL,NULL,'f64d85dd85b9edae528053f4eb5d7f94fcc6cd3650ea76a0ade71039ea9681a7','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',3,'f-f80055787ed22c08','dose_recorded','{"dose_on":"2024-03-28","status":"taken","taken_at":"2024-03-28T07:53:00+08:00"}','2024-03-28T11:21:13.000000+00:00','nurse','study nurse',NULL,NULL,'17ac8cdce2091b8d1c9fd20cc52fe7c50dd292dabd96b39b4607f6ebd8e3ad39','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',4,'f-c34030b7c650bdc0','dose_recorded','{"dose_on":"2024-03-29","status":"taken","taken_at":"2024-03-29T08:25:00+08:00"}','2024-03-29T11:18:10.000000+00:00','nurse','study nurse',NULL,NULL,'b6ee6a034341373b455d4d0d0f54ae81d6601341a6875c9c93c2d295286a49be','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',5,'f-ece11f7e6bc1f00e','dose_recorded','{"dose_on":"2024-03-30","status":"taken","taken_at":"2024-03-30T08:00:00+08:00"}','2024-03-30T11:18:02.000000+00:00','nurse','study nurse',NULL,NULL,'8694a911ea5f5deac5e8610a0620741dfbbc4b06471b23062fb7b827a73917be','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',6,'f-b8836162769c8988','dose_recorded','{"dose_on":"2024-03-31","status":"taken","taken_at":"2024-03-31T08:25:00+08:00"}','2024-03-31T11:18:42.000000+00:00','nurse','study nurse',NULL,NULL,'50df57681e9296ff4dd78d9cd3370f02e5cc133b56ed0bc3e207cfa30ad3653d','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',7,'f-327dcd9b2e988324','dose_recorded','{"dose_on":"2024-04-01","status":"taken"}','2024-04-01T11:18:22.000000+00:00','nurse','study nurse',NULL,NULL,'d2dc767c75ddfb08ef1f3db050511e2e6e5c9547f341d036b39099031bf28820','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',8,'f-b2749fc85ab8e7dc','dose_recorded','{"dose_on":"2024-04-02","status":"taken"}','2024-04-02T11:18:39.000000+00:00','nurse','study nurse',NULL,NULL,'dba60aa41ab409d5aaf66ed66f8a464ccf71317fea91d273f6e57f82c4adcce6','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',9,'f-26313091b6b74f0d','dose_recorded','{"dose_on":"2024-04-03","status":"taken"}','2024-04-03T11:18:25.000000+00:00','nurse','study nurse',NULL,NULL,'6521d44bd717aeee314cb80d5d68c09ebd28e70ff3a721a91d24a15172405ec2','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',10,'f-d4bc79ccf871b6d3','dose_recorded','{"dose_on":"2024-04-04","status":"taken"}','2024-04-04T11:18:54.000000+00:00','nurse','study nurse',NULL,NULL,'650ce10a6d055d2adfe82de1e90230ddd47150668db1dc1ba2be33f6299f2b03','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',11,'f-22e67a144d9783c9','dose_recorded','{"dose_on":"2024-04-05","status":"taken","taken_at":"2024-04-05T08:49:00+08:00"}','2024-04-05T11:18:02.000000+00:00','nurse','study nurse',NULL,NULL,'6fe634a0a0b25870495259c832045962137f25826c7f7bf86bedfb3efc86d3dd','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',12,'f-cf1574db0dc6af59','dose_recorded','{"dose_on":"2024-04-06","status":"taken"}','2024-04-06T11:18:54.000000+00:00','nurse','study nurse',NULL,NULL,'499cedc2ad71bf51647e0a29c2d09f468fbd5af7aa179b2ce6ee166ba0bcfe88','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',13,'f-a1273a9d4698ba13','dose_recorded','{"dose_on":"2024-04-07","status":"taken","taken_at":"2024-04-07T07:49:00+08:00"}','2024-04-07T11:18:57.000000+00:00','nurse','study nurse',NULL,NULL,'e42083051b2fd09aced45c8cb9a69deb039f8cedc91456f3cea85d744beb8ee3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',14,'f-d95722c1cbedf809','dose_recorded','{"dose_on":"2024-04-08","status":"taken","taken_at":"2024-04-08T07:43:00+08:00"}','2024-04-08T11:18:49.000000+00:00','nurse','study nurse',NULL,NULL,'27e2c435265496b14ad0cce2edb7be68af2f5e1dff124a83b52d75ccb125332b','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',15,'f-b335eff2dbad20ed','visit_booked','{"visit":"imaging-w6","booked_on":"2024-05-03","time":"09:30","place":"Imaging, building 2"}','2024-04-09T11:18:25.000000+00:00','nurse','study nurse',NULL,NULL,'fa61a7b84d7417350ce741edaeb5e182894c7ad0f75d4a43e60cae3cbcf220fd','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',16,'f-e4a7be91bdaa081e','dose_recorded','{"dose_on":"2024-04-09","status":"taken"}','2024-04-09T11:21:31.000000+00:00','nurse','study nurse',NULL,NULL,'5f1dbe2d3f85af915cf3719d58579c6c713e826452c2e471f7ae4659bf49f6ba','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',17,'f-92a07e0907ba4f5d','dose_recorded','{"dose_on":"2024-04-10","status":"taken"}','2024-04-10T11:18:35.000000+00:00','nurse','study nurse',NULL,NULL,'a9e211d89e0c6e44f0cbe53c752712bba23ddbc83100815504be415c0a87e07f','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',18,'f-06b4a25e29d088c3','dose_recorded','{"dose_on":"2024-04-11","status":"taken"}','2024-04-11T11:18:41.000000+00:00','nurse','study nurse',NULL,NULL,'264d1ecb26b534116c03b6e5ef641f6f2fb3cf0c968e952f6a3ed136d95d3410','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',19,'f-2e4f497d11df1a16','dose_recorded','{"dose_on":"2024-04-12","status":"taken","taken_at":"2024-04-12T08:03:00+08:00"}','2024-04-12T11:18:08.000000+00:00','nurse','study nurse',NULL,NULL,'8749312c2b8ecf2184d72687dabf65f04e699787229c97596cdd964ae4f7b50a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',20,'f-8bb3a067e340c75b','dose_recorded','{"dose_on":"2024-04-13","status":"taken"}','2024-04-13T11:18:37.000000+00:00','nurse','study nurse',NULL,NULL,'243cb68626cde390fc9dbf5b35e4f0377f9778b24472fb8ab9767aca2e95fb9e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',21,'f-44c02b53a47163c5','dose_recorded','{"dose_on":"2024-04-14","status":"taken"}','2024-04-14T11:18:35.000000+00:00','nurse','study nurse',NULL,NULL,'e266ea226cc68b75705f3ea42d1224686a98433d5bd6fe4d427a653716af0fbb','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',22,'f-8113558a02acfd9c','dose_recorded','{"dose_on":"2024-04-15","status":"taken"}','2024-04-15T11:18:35.000000+00:00','nurse','study nurse',NULL,NULL,'31daebf323dc95cbb4ec5a3ac8214a62a976f7e85d15f362aa8efe5dda842154','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',23,'f-14b45f69632051c1','dose_recorded','{"dose_on":"2024-04-16","status":"taken"}','2024-04-16T11:18:05.000000+00:00','nurse','study nurse',NULL,NULL,'7ba7d3e22154692ab5645fd14803b42da6b60044f6966187d2df1496440a788e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',24,'f-a026abf3411222c1','dose_recorded','{"dose_on":"2024-04-17","status":"taken"}','2024-04-17T11:18:21.000000+00:00','nurse','study nurse',NULL,NULL,'3a6b555c2e30868bdf1607312c3b421870ec1d9db7b94709b4a46f473ef29166','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',25,'f-0aace386e176ce44','dose_recorded','{"dose_on":"2024-04-18","status":"taken","taken_at":"2024-04-18T07:59:00+08:00"}','2024-04-18T11:18:13.000000+00:00','nurse','study nurse',NULL,NULL,'a03b576e5d986941188ddfccf8e287bf97b2c9f095fb0b93fa49229cc89e0883','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',26,'f-372090a56f0ab95a','dose_recorded','{"dose_on":"2024-04-20","status":"taken"}','2024-04-20T11:18:51.000000+00:00','nurse','study nurse',NULL,NULL,'b11918072f101e07b5cca213c61f40fe411efe27c42c95b011fb52e3d4d6e040','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',27,'f-6dddf9e226becd92','dose_recorded','{"dose_on":"2024-04-21","status":"taken","taken_at":"2024-04-21T08:24:00+08:00"}','2024-04-21T11:18:57.000000+00:00','nurse','study nurse',NULL,NULL,'d9e37187b3d533c7ae764201f23877ae56a2ba61b205aafd8b41b9856d942cc6','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',28,'f-bc6cb924f4cf31c1','dose_recorded','{"dose_on":"2024-04-22","status":"taken"}','2024-04-22T11:18:22.000000+00:00','nurse','study nurse',NULL,NULL,'c10b5568ae8c6585e9d961595f22c4e7873d3b2412eeb209b0a3c70a5666cd46','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',29,'f-4cb9032f5a548888','dose_recorded','{"dose_on":"2024-04-23","status":"taken"}','2024-04-23T11:18:08.000000+00:00','nurse','study nurse',NULL,NULL,'4077f149d2c36415b7c871ef7e8b0418ad94b0166254116d83020e725583e08f','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',30,'f-9fdd49dee4468e74','dose_recorded','{"dose_on":"2024-04-24","status":"taken"}','2024-04-24T11:18:11.000000+00:00','nurse','study nurse',NULL,NULL,'baf62751e1d60fa05e625e0c4654acc566b3802ab7a6b5c0480e34b1bc365f07','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',31,'f-41d5189b4a80de4b','dose_recorded','{"dose_on":"2024-04-25","status":"taken"}','2024-04-25T11:18:27.000000+00:00','nurse','study nurse',NULL,NULL,'40dbf0c9c4fb341547d620c695bc6cda7d246ffc92e8b2b805480ff35de68418','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',32,'f-633a4fc48df7e9c6','dose_recorded','{"dose_on":"2024-04-26","status":"taken"}','2024-04-26T11:18:06.000000+00:00','nurse','study nurse',NULL,NULL,'5b78ebf55761184bcc97c74336c40edfc670113670ca292c2e6c244e8270db0a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',33,'f-d4802b5106ae3bce','dose_recorded','{"dose_on":"2024-04-27","status":"taken"}','2024-04-27T11:18:14.000000+00:00','nurse','study nurse',NULL,NULL,'19156daed6f5e945da5908451e6093ac50bde5c3ee5f25b50180e8f1fa957036','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',34,'f-fbb8e1feb423d869','dose_recorded','{"dose_on":"2024-04-28","status":"taken"}','2024-04-28T11:18:51.000000+00:00','nurse','study nurse',NULL,NULL,'34d21c5d1ec41a370e8a978d5a7b3244c74458295bb4ab988117e41181e9a225','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',35,'f-6ba6d21990e88cd9','dose_recorded','{"dose_on":"2024-04-29","status":"taken"}','2024-04-29T11:18:03.000000+00:00','nurse','study nurse',NULL,NULL,'db2aad2be0b954b0253fb694639723c2ff10b5d7d561e7fcfbb8734d353e47da','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',36,'f-28e63b5837f98132','dose_recorded','{"dose_on":"2024-05-01","status":"taken","taken_at":"2024-05-01T07:54:00+08:00"}','2024-05-01T11:18:38.000000+00:00','nurse','study nurse',NULL,NULL,'6bdbd91ca0006b48073d33611e32df917c2214f57fcc5573fbdb23fb6742cdba','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',37,'f-000eaa51854f597c','dose_recorded','{"dose_on":"2024-05-02","status":"taken","taken_at":"2024-05-02T08:12:00+08:00"}','2024-05-02T11:18:01.000000+00:00','nurse','study nurse',NULL,NULL,'ec94138e1a1b7396269619b96d1d38717b5081263dd8f8806f00f6e866bb6c5c','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',38,'f-9f1f52da022e8e64','visit_done','{"series":"imaging","done_on":"2024-05-03","response":"SD"}','2024-05-03T11:18:04.000000+00:00','nurse','study nurse',NULL,NULL,'e702d7c828d5c91a27dec27a9ddfcd4dbb66776682f1bdd2beb428c663f3808e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',39,'f-9a2fd3aa4fffd289','dose_recorded','{"dose_on":"2024-05-03","status":"taken"}','2024-05-03T11:21:36.000000+00:00','nurse','study nurse',NULL,NULL,'4e07f1f656660608560ee2c802fecd2f1891f9ec246b2ca1afc3d2ea0ed09860','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',40,'f-b8bf74920bdedce5','dose_recorded','{"dose_on":"2024-05-04","status":"taken","taken_at":"2024-05-04T08:29:00+08:00"}','2024-05-04T11:18:55.000000+00:00','nurse','study nurse',NULL,NULL,'2222365a1c92584549011584db9b201ef84223f9c97463e47584cbf3ff0617be','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',41,'f-e62e3f70b0e9b06f','hold_started','{"from_on":"2024-05-05","reason":"fever"}','2024-05-05T11:18:23.000000+00:00','nurse','study nurse',NULL,NULL,'31c445bf6b549ee96ca568253867139f91d5c0d2ca6573d8b83d72fb4b6e2d4e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',42,'f-5ff837e820db2a3a','voided','{"voids":"f-e62e3f70b0e9b06f"}','2024-05-06T11:18:19.000000+00:00','nurse','study nurse',NULL,'recorded for the wrong patient','88b2566fcf773bb41e91450ae93b095a32d7b5013d62ea9a55703f8df4a79a4a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',43,'f-ab7d7c631a47744b','dose_recorded','{"dose_on":"2024-05-06","status":"taken"}','2024-05-06T11:21:28.000000+00:00','nurse','study nurse',NULL,NULL,'e8e210dad873a3e56c99fd319d5cdece5b7798000092729a46ddf76cbb24ad79','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',44,'f-3aaa0a4d979a07e5','dose_recorded','{"dose_on":"2024-05-07","status":"taken"}','2024-05-07T11:18:39.000000+00:00','nurse','study nurse',NULL,NULL,'8b05306f0c44bd1d048baac46f61071b6ac3fb792a694ad7d56eda66011d680f','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',45,'f-faeff5524d3598e1','dose_recorded','{"dose_on":"2024-05-08","status":"taken"}','2024-05-08T11:18:57.000000+00:00','nurse','study nurse',NULL,NULL,'4210ab023482e81fa30edff7d338082baf16d2f960a40f92d33a9353d3656444','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',46,'f-3329f39a1879d6d9','dose_recorded','{"dose_on":"2024-05-09","status":"taken","taken_at":"2024-05-09T08:24:00+08:00"}','2024-05-09T11:18:12.000000+00:00','nurse','study nurse',NULL,NULL,'485dd093230f4e6d78fdb809f15b03c0ab8ab21766627512875e42f0676d2acc','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',47,'f-7752ed3699e62de1','dose_recorded','{"dose_on":"2024-05-10","status":"taken","taken_at":"2024-05-10T08:31:00+08:00"}','2024-05-10T11:18:11.000000+00:00','nurse','study nurse',NULL,NULL,'ea8a7d5afb212aedd87878e201f35ce1c7bc9d7bbae6c4619f49c77950f5ccdd','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',48,'f-0cd9bccd8b1cb65f','dose_recorded','{"dose_on":"2024-05-11","status":"taken"}','2024-05-11T11:18:06.000000+00:00','nurse','study nurse',NULL,NULL,'81ed2d3322ff3bdf3c251b991e8a09fb478920ddf932da3f347a69edf6488d6b','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',49,'f-53dead0ec5d6dedf','dose_recorded','{"dose_on":"2024-05-12","status":"taken","taken_at":"2024-05-12T08:50:00+08:00"}','2024-05-12T11:18:53.000000+00:00','nurse','study nurse',NULL,NULL,'3269b85ad882bf7e92f4c141a0586030d7a2afdfc60dcc55d346d8cec9673e79','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',50,'f-0bb5e8a1be62d345','dose_recorded','{"dose_on":"2024-05-13","status":"taken"}','2024-05-13T11:18:11.000000+00:00','nurse','study nurse',NULL,NULL,'1c1f907aae7dc11ddd44ace3a84bf5943cf50a668ccf63049e4f2a0856ab28d9','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',51,'f-9e8243260a23a602','dose_recorded','{"dose_on":"2024-05-15","status":"taken"}','2024-05-15T11:18:04.000000+00:00','nurse','study nurse',NULL,NULL,'901b883a1e929a0e82408d0ab4e17b65f30fc3693efb6253e0454175cf43e3f4','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',52,'f-c05242b348bd619c','dose_recorded','{"dose_on":"2024-05-16","status":"taken"}','2024-05-16T11:18:33.000000+00:00','nurse','study nurse',NULL,NULL,'004c707d1b66536f1a795f5544f3f1702482ebbc51c83d3ddc9f6e3a8128cc68','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',53,'f-f24c75eb2a221237','dose_recorded','{"dose_on":"2024-05-17","status":"taken"}','2024-05-17T11:18:16.000000+00:00','nurse','study nurse',NULL,NULL,'e2cc49b39fd5fefbb1b0c5fab8d435f5867a9964b571dcbe199d5a2c728130ed','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',54,'f-f4747331560264fe','dose_recorded','{"dose_on":"2024-05-18","status":"taken","taken_at":"2024-05-18T08:21:00+08:00"}','2024-05-18T11:18:40.000000+00:00','nurse','study nurse',NULL,NULL,'5a70902571a26201869f1873ac7c5aadb3be6bd6d00a85780c702450e11d6de0','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',55,'f-edf08509faecbd6d','dose_recorded','{"dose_on":"2024-05-19","status":"taken","taken_at":"2024-05-19T08:37:00+08:00"}','2024-05-19T11:18:18.000000+00:00','nurse','study nurse',NULL,NULL,'75a14b2f4802aa08b440d2dc49b861873c42e44c11d1021b556cf479bf36fba5','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',56,'f-f843579be2cf2f37','dose_recorded','{"dose_on":"2024-05-20","status":"taken"}','2024-05-20T11:18:33.000000+00:00','nurse','study nurse',NULL,NULL,'cd48cafd50664d89105dcdfb5917106fc7aa33525d41b8e62551ba8502056aa3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',57,'f-fe01fb7c1d3d2bff','dose_recorded','{"dose_on":"2024-05-21","status":"taken"}','2024-05-21T11:18:03.000000+00:00','nurse','study nurse',NULL,NULL,'83800978758957ab3a8929f69e1812633af9b1e44eb4111fef06da9a3b748da4','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',58,'f-036842f02e0f75b9','dose_recorded','{"dose_on":"2024-05-22","status":"taken","taken_at":"2024-05-22T08:41:00+08:00"}','2024-05-22T11:18:40.000000+00:00','nurse','study nurse',NULL,NULL,'530c1a3496a85d9d2d2beb0f4e7de4d0f7550ba064020bad9bc158b6d470f9fe','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',59,'f-8ef3e84065d276f2','dose_recorded','{"dose_on":"2024-05-23","status":"taken","taken_at":"2024-05-23T08:22:00+08:00"}','2024-05-23T11:18:22.000000+00:00','nurse','study nurse',NULL,NULL,'e5d743696fc8a2707e5a51587c5f6c4e228f9fe4204f140d6a61c394b11c65b4','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',60,'f-dbd5f8c2776380f4','visit_booked','{"visit":"imaging-w12","booked_on":"2024-06-17","time":"10:30","place":"Imaging, building 2"}','2024-05-24T11:18:02.000000+00:00','nurse','study nurse',NULL,NULL,'e11a9911a8eba9a6d44be9405e2f2b46ca5543fe732d03ffe7ab0d008c5d74d1','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',61,'f-37b6fde7febc0cb9','dose_recorded','{"dose_on":"2024-05-24","status":"taken","taken_at":"2024-05-24T08:18:00+08:00"}','2024-05-24T11:21:45.000000+00:00','nurse','study nurse',NULL,NULL,'cc728bda6613ee3179c2aef04b3d9e5726d0d21c4fc091fc24dd3fff18d8ebe1','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',62,'f-13e2fd48a2630185','dose_recorded','{"dose_on":"2024-05-25","status":"taken"}','2024-05-25T11:18:46.000000+00:00','nurse','study nurse',NULL,NULL,'39088986e23f036f6cdc0e5ac12ba63a0a6ac64aebd45a89294ac0c018730d12','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',63,'f-4f1e60023f48da46','dose_recorded','{"dose_on":"2024-05-26","status":"taken","taken_at":"2024-05-26T07:45:00+08:00"}','2024-05-26T11:18:59.000000+00:00','nurse','study nurse',NULL,NULL,'d89d064c9bee6a4b352fe2fa31cb767eac2f5e88c13acb3abe42a8c0dd626acb','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',64,'f-fec5465b36478db8','dose_recorded','{"dose_on":"2024-05-27","status":"taken","taken_at":"2024-05-27T08:09:00+08:00"}','2024-05-27T11:18:56.000000+00:00','nurse','study nurse',NULL,NULL,'fbaa0aebb91dd0324bdf99e2c67e819dfd67baae93eba36193811a5702556666','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',65,'f-a9056f99328ba86c','dose_recorded','{"dose_on":"2024-05-28","status":"taken","taken_at":"2024-05-28T08:45:00+08:00"}','2024-05-28T11:18:14.000000+00:00','nurse','study nurse',NULL,NULL,'52424f37760659b08e555ef9f171172e3baa2521fb452c1ef93947b886512df4','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',66,'f-8e4d61ac429aea3e','dose_recorded','{"dose_on":"2024-05-29","status":"taken","taken_at":"2024-05-29T08:11:00+08:00"}','2024-05-29T11:18:33.000000+00:00','nurse','study nurse',NULL,NULL,'0ee1697f825910f948b17a68c0ee254a2806aa48602afe947fe931122eb505bd','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',67,'f-e6a2e853be94785a','dose_recorded','{"dose_on":"2024-05-30","status":"taken","taken_at":"2024-05-30T07:41:00+08:00"}','2024-05-30T11:18:12.000000+00:00','nurse','study nurse',NULL,NULL,'0a4312af9443f8f8a6eacbead74c8bf02dcf9655aac1277987bdd7f9b88c82e6','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',68,'f-c12f1fb70e95cbb3','dose_recorded','{"dose_on":"2024-05-31","status":"taken","taken_at":"2024-05-31T07:48:00+08:00"}','2024-05-31T11:18:31.000000+00:00','nurse','study nurse',NULL,NULL,'2c2e7cf1da8cd95c7f4f127623641a68cdc0b623406818067cb9d893b9299e19','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',69,'f-029d81d52b78e5c4','dose_recorded','{"dose_on":"2024-06-01","status":"missed"}','2024-06-01T11:18:16.000000+00:00','nurse','study nurse',NULL,NULL,'6e6618f22b52b36aed683d1a362a13f513d7e5982f2baccbc02c49838f6f83fc','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',70,'f-a751851dee108cc3','dose_recorded','{"dose_on":"2024-06-02","status":"taken","taken_at":"2024-06-02T08:27:00+08:00"}','2024-06-02T11:18:35.000000+00:00','nurse','study nurse',NULL,NULL,'344074636595729ed63c2b4f1720ff43fb2033143f716f77d423d5051bd575a4','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',71,'f-48f0f54df70e4ca9','dose_recorded','{"dose_on":"2024-06-03","status":"taken"}','2024-06-03T11:18:56.000000+00:00','nurse','study nurse',NULL,NULL,'1db4fc0961eb7d3c3029cdc9056de339e1b804a354bfd37dd5f45ef4a2c86b0e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',72,'f-dcc59b6c5c9326f9','dose_recorded','{"dose_on":"2024-06-04","status":"taken","taken_at":"2024-06-04T08:52:00+08:00"}','2024-06-04T11:18:28.000000+00:00','nurse','study nurse',NULL,NULL,'0351b9c8dd1f2f9a127164e4c7ad0e17fefe92e64aa56e09d2caa49578bc1ce6','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',73,'f-636fb0e0facc9340','dose_recorded','{"dose_on":"2024-06-05","status":"taken"}','2024-06-05T11:18:45.000000+00:00','nurse','study nurse',NULL,NULL,'dbf01ea22eb32aa5c732d19325652a02effd8c62dddbd91ebb34f57cbb9bfa3e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',74,'f-c29f849adfb35dd5','dose_recorded','{"dose_on":"2024-06-06","status":"taken"}','2024-06-06T11:18:58.000000+00:00','nurse','study nurse',NULL,NULL,'b5ff93c51e357fd505211f4a567cf13dd153432574bba8de4dc8538ea17d97d3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',75,'f-142d61ad00bc7c3a','dose_recorded','{"dose_on":"2024-06-07","status":"taken"}','2024-06-07T11:18:01.000000+00:00','nurse','study nurse',NULL,NULL,'807602f4bba97a01d266087d7ea36b38c19e455440e042546b60796f485a125d','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',76,'f-1447810876faa9d2','dose_recorded','{"dose_on":"2024-06-08","status":"taken"}','2024-06-08T11:18:12.000000+00:00','nurse','study nurse',NULL,NULL,'8064f20e906c12d71958ae83c5acabcec798f3a6c83647973ae6d57777189e11','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',77,'f-4159fd8a0961ef8c','dose_recorded','{"dose_on":"2024-06-09","status":"taken","taken_at":"2024-06-09T07:57:00+08:00"}','2024-06-09T11:18:16.000000+00:00','nurse','study nurse',NULL,NULL,'cae56f919e6b484c549cdac672f7ec08b0c68cf0500b208b1fb5d70655abc6db','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',78,'f-f10b232c85c03fa6','dose_recorded','{"dose_on":"2024-06-10","status":"taken","taken_at":"2024-06-10T07:33:00+08:00"}','2024-06-10T11:18:46.000000+00:00','nurse','study nurse',NULL,NULL,'3d6e637c13c7bbd66bdf2fcfc661d219bb5c3bdab67f9c158da3074ca2ca2ea3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',79,'f-826f6fcc71e6a08e','dose_recorded','{"dose_on":"2024-06-11","status":"taken","taken_at":"2024-06-11T07:31:00+08:00"}','2024-06-11T11:18:50.000000+00:00','nurse','study nurse',NULL,NULL,'444c7f2e3288b9b85c8fb0d4a6eae5aaee6943f25427ee5cccc9aecbd4564ca9','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',80,'f-db0979e2d0d1a73b','dose_recorded','{"dose_on":"2024-06-12","status":"taken"}','2024-06-12T11:18:58.000000+00:00','nurse','study nurse',NULL,NULL,'2249e049851f9a52de2760214a29e88303f25fbe75946ae06475f109c142bf55','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',81,'f-54cd4800a768df73','dose_recorded','{"dose_on":"2024-06-13","status":"taken","taken_at":"2024-06-13T08:32:00+08:00"}','2024-06-13T11:18:37.000000+00:00','nurse','study nurse',NULL,NULL,'f4a6026a94feb84e4566506fc84915ab8b817ef1fb838df304b13692c409a075','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',82,'f-1c6b6c6404cbed98','dose_recorded','{"dose_on":"2024-06-14","status":"taken","taken_at":"2024-06-14T08:57:00+08:00"}','2024-06-14T11:18:16.000000+00:00','nurse','study nurse',NULL,NULL,'a49f524617d9b2b7d3d388a25beac158f673cbf4d76ee86d02fc2117b94213b2','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',83,'f-343a18541ef249a0','dose_recorded','{"dose_on":"2024-06-15","status":"taken"}','2024-06-15T11:18:18.000000+00:00','nurse','study nurse',NULL,NULL,'58be8a94df7c6ee278192e6cf286b1a61806ed5815deda29ec72be5eba705ac5','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',84,'f-6a1471c43b349e6c','dose_recorded','{"dose_on":"2024-06-16","status":"taken","taken_at":"2024-06-16T08:49:00+08:00"}','2024-06-16T11:18:01.000000+00:00','nurse','study nurse',NULL,NULL,'9e619cfd0a961a54b574ba39de43908ff95ab4521682d447ac9f308bd90a05b5','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',85,'f-5cad8528ca9b09e4','visit_done','{"series":"imaging","done_on":"2024-06-17","response":"SD"}','2024-06-17T11:18:55.000000+00:00','nurse','study nurse',NULL,NULL,'f22df9066d042317c5b82dedd964fd794cf55a7cfbb0b35c9dc2e537e23e04bb','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',86,'f-1e806d33520337f4','dose_recorded','{"dose_on":"2024-06-17","status":"taken","taken_at":"2024-06-17T08:10:00+08:00"}','2024-06-17T11:21:09.000000+00:00','nurse','study nurse',NULL,NULL,'3235865accf0aaff094c20b7795f16b89c3b2ff81b8b6cc8556c6783657c1785','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',87,'f-4719519c9b900a32','dose_recorded','{"dose_on":"2024-06-18","status":"taken","taken_at":"2024-06-18T08:33:00+08:00"}','2024-06-18T11:18:55.000000+00:00','nurse','study nurse',NULL,NULL,'b666bff5a66e91054f374db56d4275867f44d840a25cb91249b17ac483c0c3fc','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',88,'f-d20bcf3b3921d8b6','dose_recorded','{"dose_on":"2024-06-19","status":"taken"}','2024-06-19T11:18:01.000000+00:00','nurse','study nurse',NULL,NULL,'b9f550ea1133d6b948ca35fe339f5ead182ce6d99dd4ff833a700e66ece9fbb3','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',89,'f-97426ac5bcdb0d71','dose_recorded','{"dose_on":"2024-06-20","status":"taken"}','2024-06-20T11:18:27.000000+00:00','nurse','study nurse',NULL,NULL,'46a58a1ff015478e2a2478441d48452631722607525f766ff11a727c6807509e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',90,'f-67b952693b538c76','dose_recorded','{"dose_on":"2024-06-21","status":"taken","taken_at":"2024-06-21T08:08:00+08:00"}','2024-06-21T11:18:10.000000+00:00','nurse','study nurse',NULL,NULL,'3c2ff44e5f11a43c6ca995054d926ef7b3981fb45b4e07318d89f81bc21f025a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',91,'f-f7473fa486b71406','dose_recorded','{"dose_on":"2024-06-22","status":"taken"}','2024-06-22T11:18:18.000000+00:00','nurse','study nurse',NULL,NULL,'545e1d47dc99989934bad90318c6e488e9beb19eea57528c592215e937dee41d','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',92,'f-0ef3f727381a8c42','dose_recorded','{"dose_on":"2024-06-23","status":"taken","taken_at":"2024-06-23T08:55:00+08:00"}','2024-06-23T11:18:52.000000+00:00','nurse','study nurse',NULL,NULL,'a21dee824d441ff6addc3ea270d3e5e60c062b5b47a056a2ff292b0b087a2034','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',93,'f-86dafd12333c3265','dose_recorded','{"dose_on":"2024-06-24","status":"taken","taken_at":"2024-06-24T07:43:00+08:00"}','2024-06-24T11:18:08.000000+00:00','nurse','study nurse',NULL,NULL,'f26b0b83b5c14638f313d606ca314c8aebe1cf04f0b6636f00a224511a90337a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',94,'f-87b3585b8904875a','dose_recorded','{"dose_on":"2024-06-25","status":"taken","taken_at":"2024-06-25T08:01:00+08:00"}','2024-06-25T11:18:36.000000+00:00','nurse','study nurse',NULL,NULL,'11b230279fbff820470d5f1b2a8237813c1ad9bb35cc6e4baa605f9ccd930e9a','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',95,'f-37b30cf54adef9c6','dose_recorded','{"dose_on":"2024-06-26","status":"taken","taken_at":"2024-06-26T08:10:00+08:00"}','2024-06-26T11:18:39.000000+00:00','nurse','study nurse',NULL,NULL,'d90aaf0baf2e9093b89a7fa9067322a423b12d1920b3ba0adfc653488e32d143','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',96,'f-383072ccb48bc842','dose_recorded','{"dose_on":"2024-06-27","status":"taken"}','2024-06-27T11:18:04.000000+00:00','nurse','study nurse',NULL,NULL,'3283e343b6b2d8aacddfb3dd41714e6a6f84ac83a7771516945510842e539f64','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',97,'f-6d6eefc75d06e6d0','dose_recorded','{"dose_on":"2024-06-28","status":"taken"}','2024-06-28T11:18:20.000000+00:00','nurse','study nurse',NULL,NULL,'f6af0f14fdef3bb577e94f9482c6f6da7f4eb16faca8b0287af670e809231a8b','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',98,'f-91b84df231a97e33','dose_recorded','{"dose_on":"2024-06-29","status":"taken"}','2024-06-29T11:18:05.000000+00:00','nurse','study nurse',NULL,NULL,'cd59d81464eeb7f17fd6087d6575741514b4e1dae591ff321646f720f6ffbf2d','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',99,'f-51fe0f096fbfc4a0','dose_recorded','{"dose_on":"2024-06-30","status":"taken","taken_at":"2024-06-30T08:19:00+08:00"}','2024-06-30T11:18:27.000000+00:00','nurse','study nurse',NULL,NULL,'ec43ae597dfa92a2b7836253960bd6f3e574d0b3b88a805ffb53f78a0738bb60','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',100,'f-d8b73d956e64aa7b','dose_recorded','{"dose_on":"2024-07-01","status":"taken"}','2024-07-01T11:18:40.000000+00:00','nurse','study nurse',NULL,NULL,'89686b8acc61c2148754b5f46f4ee5bfcab8bf2ae3ee97c03bdde65d544818af','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',101,'f-72dc8ceffa39ecc0','dose_recorded','{"dose_on":"2024-07-02","status":"taken"}','2024-07-02T11:18:20.000000+00:00','nurse','study nurse',NULL,NULL,'3e81fe053ce509b89b50620497900aee8f5a3d0ad723436cfb06d46b6c50f2f6','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',102,'f-d4392bfaddc8854e','dose_recorded','{"dose_on":"2024-07-03","status":"taken"}','2024-07-03T11:18:51.000000+00:00','nurse','study nurse',NULL,NULL,'eff4e1e0e24e44f0be3c32ac899d5807dfc7681ad7535da239eb3dfcf1912ddb','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',103,'f-7bd56c6e289173f2','dose_recorded','{"dose_on":"2024-07-04","status":"taken","taken_at":"2024-07-04T08:43:00+08:00"}','2024-07-04T11:18:36.000000+00:00','nurse','study nurse',NULL,NULL,'d36f3c09c8bb169f3a4df819c4a411c808e8bd9d8915fae98018fc1985ab2b29','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',104,'f-603be986fc24c27b','treatment_ended','{"last_dose_on":"2024-07-04","decided_on":"2024-07-05","reason":"intolerance"}','2024-07-05T11:18:35.000000+00:00','nurse','study nurse',NULL,NULL,'8021dea74ead7f2cbc38c7945a35214ad072861f9ea6950396071ef7fc92a932','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',105,'f-4f5c9ea67180f47f','visit_booked','{"visit":"imaging-w18","booked_on":"2024-08-01","time":"08:30","place":"Imaging, building 2"}','2024-07-08T11:18:10.000000+00:00','nurse','study nurse',NULL,NULL,'65f9fabc43dbbb41693f86944b085d2b935a620378e2750fc1cbd3feb0dac090','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',106,'f-31919d806b02eaa2','dose_recorded','{"dose_on":"2024-07-08","status":"taken"}','2024-07-08T11:21:22.000000+00:00','nurse','study nurse',NULL,NULL,'2e9b60238f779c4aa97511d05b57e7c4c13920d6b0577a7fe9a689bbadbc3acd','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',107,'f-7210c4feb49f4eb9','visit_done','{"series":"imaging","done_on":"2024-08-01","response":"SD"}','2024-08-01T11:18:10.000000+00:00','nurse','study nurse',NULL,NULL,'51e953554fa578547f87d51d6035be505a7525b74185a95f88e0c5cb0aa61e48','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',108,'f-81cd0a22b81ce8a5','visit_done','{"series":"contraception","done_on":"2024-08-09"}','2024-08-09T11:18:27.000000+00:00','nurse','study nurse',NULL,NULL,'02c80223139e5dcfd6122b060342360cb68f88e82acfa7a64a61cd05294cb41e','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',109,'f-b077ffb0390ac9d9','visit_booked','{"visit":"imaging-w24","booked_on":"2024-09-06","time":"08:30","place":"Imaging, building 2"}','2024-08-13T11:18:44.000000+00:00','nurse','study nurse',NULL,NULL,'d877f305e9a12bb401b8a5c1bae4cde5d7835948559e8f22a113cb4be4b8ef64','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',110,'f-a9f5fb8058a74600','visit_done','{"series":"imaging","done_on":"2024-09-06","response":"SD"}','2024-09-06T11:18:46.000000+00:00','nurse','study nurse',NULL,NULL,'a64f7f4f9975b0d86184dca57b0a6f2329a536777d4978a1fb93c654bdb35e7f','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',111,'f-e3a070a76eefec30','visit_done','{"series":"contraception","done_on":"2024-09-10"}','2024-09-10T11:18:56.000000+00:00','nurse','study nurse',NULL,NULL,'9cffb5f547e1fbddd26e47d51717e4de8bd1dbbc254a59fa7964ec019cc12289','samples');
INSERT INTO "facts" VALUES('p-d7781320d7d43fbd',112,'f-ed812c871b75fd81','visit_booked','{"visit":"imaging-w30","booked_on":"2024-10-18","time":"10:30","place":"Imaging, building 2"}','2024-09-24T11:18:14.000000+00:00','nurse','study nurse',NULL,NULL,'d7cc3a382d6ff4284094668316eea83d8a62b816964ee3e0e61e47ad44d94dea','samples');
CREATE TABLE feed_events (
        feed TEXT NOT NULL,
        uid TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        modified_at TEXT NOT NULL,
        content TEXT NOT NULL,
        cancelled INTEGER NOT NULL,
        PRIMARY KEY (feed, uid)
    );
CREATE TABLE feeds (
        hash TEXT PRIMARY KEY,
        patient_id TEXT NOT NULL,
        options TEXT NOT NULL,
        made_at TEXT NOT NULL,
        revoked_at TEXT
    );
CREATE TABLE marks (name TEXT PRIMARY KEY, at TEXT NOT NULL);
INSERT INTO "marks" VALUES('tick','2024-10-04T04:00:00.000000+00:00');
CREATE TABLE outbox (
        message_id TEXT PRIMARY KEY,
        audience TEXT NOT NULL,
        patient_id TEXT,
        site TEXT NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        due_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        written_at TEXT NOT NULL,
        status TEXT NOT NULL,
        settled_at TEXT,
        put_off_until TEXT
    , spread_at TEXT);
INSERT INTO "outbox" VALUES('m-2967d0350ed166d00fad110c635c','patient','p-d7781320d7d43fbd','FUSCC','window_opened','2024-10-01 contraception-m3','2024-10-01T01:00:00.000000+00:00','2024-10-11T16:00:00.000000+00:00','2024-10-04T04:00:00.000000+00:00','waiting',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES('m-15578f14a07f8a021c0ee82771ea','site',NULL,'FUSCC','digest','2024-10-04','2024-10-04T00:00:00.000000+00:00','2024-10-04T16:00:00.000000+00:00','2024-10-04T04:00:00.000000+00:00','waiting',NULL,NULL,NULL);
CREATE TABLE patient_wishes (patient_id TEXT PRIMARY KEY, wishes TEXT NOT NULL);
INSERT INTO "patient_wishes" VALUES('p-2405234703245643','{"time":"21:30","off":["window_opened"]}');
CREATE TABLE patients (
        patient_id TEXT PRIMARY KEY,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        site TEXT NOT NULL,
        version INTEGER NOT NULL,
        head TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        on_treatment_from TEXT,
        follow_up_from TEXT,
        off_study_from TEXT,
        visits_through TEXT NOT NULL,
        history TEXT NOT NULL,
        days TEXT NOT NULL, wishes TEXT,
        UNIQUE (protocol, subject_number)
    );
INSERT INTO "patients" VALUES('p-d47bfbb5a829b4c1','nct06110650','FUSCC-03','FUSCC',65,'7bcfa3953c955302b5fbe183ee5f91bfea3969288eabb75509e090e2c0ded2b3','2024-10-03T11:35:31+00:00','Asia/Shanghai','2023-12-21','2024-02-19',NULL,'2025-11-08','{"enrolled":{"subject_number":"FUSCC-03","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2023-12-18","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2023-12-21"},"time_zone":"Asia/Shanghai","first_dose_on":"2023-12-21","holds":[["2024-01-07","2024-01-17"],["2024-02-01","2024-02-09"]],"dose_changes":[["2024-01-17",250],["2024-02-09",200]],"bookings":{"imaging-w12":["2024-03-11","08:30","Imaging, building 2"],"imaging-w18":["2024-04-26","11:30","Imaging, building 2"],"imaging-w24":["2024-06-06","10:30","Imaging, building 2"],"imaging-w36":["2024-08-28","10:30","Imaging, building 2"],"imaging-w42":["2024-10-03","08:30","Imaging, building 2"],"imaging-w6":["2024-02-02","11:30","Imaging, building 2"]},"visits_done":[{"series":"imaging","done_on":"2024-02-02","response":"SD"},{"series":"imaging","done_on":"2024-03-11","response":"SD"},{"series":"contraception","done_on":"2024-03-15"},{"series":"contraception","done_on":"2024-04-16"},{"series":"imaging","done_on":"2024-04-26","response":"SD"},{"series":"contraception","done_on":"2024-06-18"},{"series":"contraception","done_on":"2024-07-18"},{"series":"imaging","done_on":"2024-08-28","response":"NE"},{"series":"imaging","done_on":"2024-10-03","response":"SD"}],"progressed_on":null,"new_therapy_on":null,"treatment_ended":{"last_dose_on":"2024-02-18","decided_on":"2024-02-20","reason":"intolerance"},"study_ended":null,"fertility_changes":[],"amendments":[]}','["2023-12-21","tttttt.tttttttttt..........ttttttttttmttmt........tttttttttt",[]]',NULL);
INSERT INTO "patients" VALUES('p-d7781320d7d43fbd','nct06110650','FUSCC-12','FUSCC',112,'d7cc3a382d6ff4284094668316eea83d8a62b816964ee3e0e61e47ad44d94dea','2024-09-24T11:18:14+00:00','Asia/Shanghai','2024-03-28','2024-07-09',NULL,'2025-11-08','{"enrolled":{"subject_number":"FUSCC-12","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-03-26","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-03-28"},"time_zone":"Asia/Shanghai","first_dose_on":"2024-03-28","holds":[],"dose_changes":[],"bookings":{"imaging-w12":["2024-06-17","10:30","Imaging, building 2"],"imaging-w18":["2024-08-01","08:30","Imaging, building 2"],"imaging-w24":["2024-09-06","08:30","Imaging, building 2"],"imaging-w30":["2024-10-18","10:30","Imaging, building 2"],"imaging-w6":["2024-05-03","09:30","Imaging, building 2"]},"visits_done":[{"series":"imaging","done_on":"2024-05-03","response":"SD"},{"series":"imaging","done_on":"2024-06-17","response":"SD"},{"series":"imaging","done_on":"2024-08-01","response":"SD"},{"series":"contraception","done_on":"2024-08-09"},{"series":"imaging","done_on":"2024-09-06","response":"SD"},{"series":"contraception","done_on":"2024-09-10"}],"progressed_on":null,"new_therapy_on":null,"treatment_ended":{"last_dose_on":"2024-07-04","decided_on":"2024-07-05","reason":"intolerance"},"study_ended":null,"fertility_changes":[],"amendments":[]}','["2024-03-28","tttttttttttttttttttttt.tttttttttt.tttt.tttttttt.tttttttttttttttttmttttttttttttttttttttttttttttttttt...t",[]]',NULL);
INSERT INTO "patients" VALUES('p-2405234703245643','nct06110650','FUSCC-24','FUSCC',59,'7339065d2752cf8af6dc3c1eb8effb0bdc8db4487b3804b10ab9bd83e9d6603e','2024-10-03T11:58:49+00:00','Asia/Shanghai','2024-08-09',NULL,NULL,'2025-11-08','{"enrolled":{"subject_number":"FUSCC-24","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-08-05","sex":"male","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-08-09"},"time_zone":"Asia/Shanghai","first_dose_on":"2024-08-09","holds":[],"dose_changes":[],"bookings":{"imaging-w6":["2024-09-11","09:30","Imaging, building 2"]},"visits_done":[{"series":"imaging","done_on":"2024-09-11","response":"SD"}],"progressed_on":null,"new_therapy_on":null,"treatment_ended":null,"study_ended":null,"fertility_changes":[],"amendments":[]}','["2024-08-08","tttttmtttt.ttttttttttmttttttttttttttttttmttttttttt.tttttt",[]]','{"time":"21:30","off":["window_opened"]}');
INSERT INTO "patients" VALUES('p-00d8a509e69aa982','nct06110650','FUSCC-29','FUSCC',1,'970c3cafe46b461197fe8c1eea20f70af8f908d528005608a81b1760ccfc44ee','2024-09-29T12:07:31+00:00','Asia/Shanghai',NULL,NULL,NULL,'2025-11-08','{"enrolled":{"subject_number":"FUSCC-29","site":"FUSCC","protocol":"nct06110650","version":1,"enrolled_on":"2024-09-29","sex":"female","fertility":"fertile","basis":null,"time_zone":"Asia/Shanghai","planned_first_dose_on":"2024-10-06"},"time_zone":"Asia/Shanghai","first_dose_on":null,"holds":[],"dose_changes":[],"bookings":{},"visits_done":[],"progressed_on":null,"new_therapy_on":null,"treatment_ended":null,"study_ended":null,"fertility_changes":[],"amendments":[]}','[null,"",[]]',NULL);
CREATE TABLE protocols (
        protocol TEXT NOT NULL,
        version INTEGER NOT NULL,
        definition TEXT NOT NULL,
        added_at TEXT NOT NULL,
        PRIMARY KEY (protocol, version)
    );
INSERT INTO "protocols" VALUES('nct06110650',1,'{"id":"nct06110650","version":1,"title":"Surufatinib in advanced soft tissue sarcoma","registry":"ClinicalTrials.gov NCT06110650: single arm, open label, one centre, 2023-11-28 to 2025-08-15","participants":29,"dosing":{"drug":"surufatinib","route":"oral","dose_mg":300,"reduced_doses_mg":[250,200],"strengths_mg":[50],"cycle_days":21,"dosing_days":"all","cycle_on_hold":"continue"},"visits":[{"series":"imaging","label":"Week {n} tumour imaging","anchor":"enrolment","every":{"weeks":6},"window":{"before_days":7,"after_days":7},"until":"progression","applies_to":"all"},{"series":"contraception","label":"Month {n} contraception follow-up","anchor":"last_dose","every":{"months":1},"count":6,"window":{"before_days":7,"after_days":7},"until":"end_of_study","applies_to":"fertile"}],"contraception":{"months_after_last_dose":6},"sources":{"/participants":{"stated":"registry","note":"29 participants enrolled"},"/dosing/drug":{"stated":"registry"},"/dosing/route":{"stated":"registry","note":"by mouth"},"/dosing/dose_mg":{"stated":"registry","note":"300 mg once a day, every day, until progression or intolerance"},"/dosing/reduced_doses_mg":{"stated":"default","note":"a site''s usual steps down; the registry names none"},"/dosing/strengths_mg":{"stated":"default","note":"capsules of 50 mg; the registry names no strength"},"/dosing/cycle_days":{"stated":"registry","note":"cycles of 21 days"},"/dosing/dosing_days":{"stated":"registry","note":"every day of the cycle"},"/dosing/cycle_on_hold":{"stated":"default","note":"a hold does not stop the count of cycles"},"/visits/0/anchor":{"stated":"registry","note":"counted from enrolment, not from the first dose"},"/visits/0/every":{"stated":"registry","note":"every 6 weeks"},"/visits/0/window":{"stated":"registry","note":"7 days before to 7 days after"},"/visits/0/until":{"stated":"registry","note":"by RECIST 1.1, until progression"},"/visits/0/applies_to":{"stated":"registry"},"/visits/1/anchor":{"stated":"default","note":"follow-up visits are ours: the registry states the duration alone"},"/visits/1/every":{"stated":"default"},"/visits/1/count":{"stated":"default","note":"one for each month in which contraception is required"},"/visits/1/window":{"stated":"default","note":"as for imaging"},"/visits/1/until":{"stated":"default"},"/visits/1/applies_to":{"stated":"default","note":"patients of reproductive potential at their last dose"},"/contraception/months_after_last_dose":{"stated":"registry","note":"during the study and for 6 months after the last dose"}}}','2026-11-28T06:55:15.905509+00:00');
CREATE TABLE rates (
        sender TEXT NOT NULL,
        minute INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        PRIMARY KEY (sender, minute)
    );
CREATE TABLE reminder_counts (
        what TEXT NOT NULL,
        kind TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (what, kind)
    );
INSERT INTO "reminder_counts" VALUES('due','digest',1);
INSERT INTO "reminder_counts" VALUES('due','window_opened',1);
INSERT INTO "reminder_counts" VALUES('stale','booking_tomorrow',4);
INSERT INTO "reminder_counts" VALUES('stale','contraception_monthly',9);
INSERT INTO "reminder_counts" VALUES('stale','dose_again',7);
INSERT INTO "reminder_counts" VALUES('stale','dose_due',7);
INSERT INTO "reminder_counts" VALUES('stale','window_closing',1);
INSERT INTO "reminder_counts" VALUES('stale','window_opened',2);
CREATE TABLE reminder_times (
        message_id TEXT PRIMARY KEY,
        next_at TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "reminder_times" VALUES('m-15578f14a07f8a021c0ee82771ea','2024-10-04T00:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-15578f14a07fcc844d6403f72786','2024-10-05T00:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac59130cd348e9fa229401','2024-07-18T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591339c66d24c5870449','2024-02-18T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591348b8fb3fb1bf5a75','2024-01-18T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac59135c737b6e41f8e38b','2023-12-27T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591360696f27dd8263f1','2024-05-11T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591378830d1ee19e194c','2024-07-19T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591392277102b9f3bb51','2024-02-01T10:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac591395cafa9e84adb0a1','2024-02-19T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac5913b0138e9ba14ec70a','2023-12-27T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac5913b986f88b99b083b1','2024-02-19T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac5913c3b444d83ef797b9','2024-07-08T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-20de4bac5913dd0e5ec9b185a1de','2024-06-18T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed10fbf7782b6516c5d','2024-04-30T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed14a2cb6df10a5f23e','2024-04-30T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed166d00fad110c635c','2024-10-01T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed167c1cc63fb7e2a78','2024-04-19T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed16e55d7447ab3a734','2024-06-16T10:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed175b5523fb27cd1d3','2024-05-14T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed1776dd9e2d174ce58','2024-07-26T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed17830c3fa53113588','2024-04-19T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed18e168d754fa1243f','2024-05-02T10:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed19f0675084ffb37fc','2024-05-14T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed1a7d37033d4156110','2024-06-26T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed1a83e2a1a99cc0899','2024-05-26T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-2967d0350ed1ee2390ba342f7393','2024-04-26T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c771bf9c7382d405a52','2024-09-05T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c772292c2c40beec7ce','2024-09-27T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c7735699ef05a09c84d','2024-08-18T12:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c7735bb1af1e23ffff8','2024-09-10T10:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c776f42365e376609a2','2024-10-05T01:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c7790a2ad098a0dd981','2024-09-27T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c77a728c5fb5114e6ed','2024-10-05T13:30:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c77deb700d1c39b25f4','2024-08-18T13:00:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c77e8b6eecc349c3389','2024-10-04T13:30:00.000000+00:00');
INSERT INTO "reminder_times" VALUES('m-cff728949c77f5ffa4023b368fc6','2024-10-05T23:00:00.000000+00:00');
CREATE TABLE reminders (
        message_id TEXT NOT NULL,
        audience TEXT NOT NULL,
        patient_id TEXT,
        site TEXT NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        next_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        PRIMARY KEY (next_at, message_id)
    ) WITHOUT ROWID
    ;
INSERT INTO "reminders" VALUES('m-cff728949c77e8b6eecc349c3389','patient','p-2405234703245643','FUSCC','dose_due','2024-10-04','2024-10-04T13:30:00.000000+00:00','2024-10-04T16:00:00.000000+00:00');
INSERT INTO "reminders" VALUES('m-15578f14a07fcc844d6403f72786','site',NULL,'FUSCC','digest','2024-10-05','2024-10-05T00:00:00.000000+00:00','2024-10-05T16:00:00.000000+00:00');
INSERT INTO "reminders" VALUES('m-cff728949c776f42365e376609a2','patient','p-2405234703245643','FUSCC','contraception_monthly','2024-10-05','2024-10-05T01:00:00.000000+00:00','2024-10-11T16:00:00.000000+00:00');
INSERT INTO "reminders" VALUES('m-cff728949c77a728c5fb5114e6ed','patient','p-2405234703245643','FUSCC','dose_due','2024-10-05','2024-10-05T13:30:00.000000+00:00','2024-10-05T16:00:00.000000+00:00');
INSERT INTO "reminders" VALUES('m-cff728949c77f5ffa4023b368fc6','site','p-2405234703245643','FUSCC','doses_missed','2024-10-05','2024-10-05T23:00:00.000000+00:00','2024-10-07T16:00:00.000000+00:00');
CREATE TABLE request_counts (
        route TEXT NOT NULL,
        method TEXT NOT NULL,
        status TEXT NOT NULL,
        what TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (route, method, status, what)
    );
CREATE TABLE sent_facts (
        patient_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        outcome TEXT NOT NULL,
        PRIMARY KEY (patient_id, client_id)
    );
CREATE TABLE site_calendars (
        site TEXT PRIMARY KEY,
        region TEXT,
        closed_days TEXT NOT NULL,
        open_days TEXT NOT NULL,
        slots_per_day INTEGER
    );
CREATE TABLE site_wishes (site TEXT PRIMARY KEY, wishes TEXT NOT NULL);
CREATE TABLE sites (
        site TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        country TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        opening_days TEXT NOT NULL
    );
INSERT INTO "sites" VALUES('FUSCC','Fudan University Shanghai Cancer Center','CN','Asia/Shanghai','["monday","tuesday","wednesday","thursday","friday"]');
CREATE TABLE standings (patient_id TEXT PRIMARY KEY, standing TEXT NOT NULL);
INSERT INTO "standings" VALUES('p-d47bfbb5a829b4c1','["2023-12-21","2024-02-18",[[1,"2023-12-21",21,false]],[["2024-01-07","2024-01-17"],["2024-02-01","2024-02-09"]],{"contraception":["2024-07-18",null],"imaging":["2024-10-03","SD"]}]');
INSERT INTO "standings" VALUES('p-d7781320d7d43fbd','["2024-03-28","2024-07-04",[[1,"2024-03-28",21,false]],[],{"contraception":["2024-09-10",null],"imaging":["2024-09-06","SD"]}]');
INSERT INTO "standings" VALUES('p-2405234703245643','["2024-08-09",null,[[1,"2024-08-09",21,false]],[],{"imaging":["2024-09-11","SD"]}]');
INSERT INTO "standings" VALUES('p-00d8a509e69aa982','[null,null,[[1,"2024-10-06",21,false]],[],{}]');
CREATE TABLE time_zones (time_zone TEXT PRIMARY KEY);
INSERT INTO "time_zones" VALUES('Asia/Shanghai');
CREATE TABLE tokens (
        token_id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        name TEXT,
        sites TEXT,
        created_at TEXT NOT NULL,
        revoked_at TEXT
    );
CREATE TABLE visits (
        patient_id TEXT NOT NULL,
        visit TEXT NOT NULL,
        site TEXT NOT NULL,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        series TEXT NOT NULL,
        label TEXT NOT NULL,
        target_on TEXT NOT NULL,
        opens_on TEXT NOT NULL,
        closes_on TEXT NOT NULL,
        next_opens_on TEXT,
        ends_on TEXT,
        booked_on TEXT,
        booked_time TEXT,
        booked_place TEXT,
        done_on TEXT,
        days_off INTEGER,
        assigned TEXT,
        response TEXT,
        provisional INTEGER NOT NULL,
        because TEXT NOT NULL,
        PRIMARY KEY (patient_id, visit)
    );
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w6','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 6 tumour imaging','2024-01-29','2024-01-22','2024-02-05','2024-03-04',NULL,'2024-02-02','11:30','Imaging, building 2','2024-02-02',0,'window','SD',0,'enrolment 2023-12-18 + 6 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w12','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 12 tumour imaging','2024-03-11','2024-03-04','2024-03-18','2024-04-15',NULL,'2024-03-11','08:30','Imaging, building 2','2024-03-11',0,'window','SD',0,'enrolment 2023-12-18 + 12 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w18','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 18 tumour imaging','2024-04-22','2024-04-15','2024-04-29','2024-05-27',NULL,'2024-04-26','11:30','Imaging, building 2','2024-04-26',0,'window','SD',0,'enrolment 2023-12-18 + 18 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w24','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 24 tumour imaging','2024-06-03','2024-05-27','2024-06-10','2024-07-08',NULL,'2024-06-06','10:30','Imaging, building 2',NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 24 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w30','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 30 tumour imaging','2024-07-15','2024-07-08','2024-07-22','2024-08-19',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 30 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w36','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 36 tumour imaging','2024-08-26','2024-08-19','2024-09-02','2024-09-30',NULL,'2024-08-28','10:30','Imaging, building 2','2024-08-28',0,'window','NE',0,'enrolment 2023-12-18 + 36 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w42','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 42 tumour imaging','2024-10-07','2024-09-30','2024-10-14','2024-11-11',NULL,'2024-10-03','08:30','Imaging, building 2','2024-10-03',0,'window','SD',0,'enrolment 2023-12-18 + 42 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w48','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 48 tumour imaging','2024-11-18','2024-11-11','2024-11-25','2024-12-23',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 48 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w54','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 54 tumour imaging','2024-12-30','2024-12-23','2025-01-06','2025-02-03',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 54 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w60','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 60 tumour imaging','2025-02-10','2025-02-03','2025-02-17','2025-03-17',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 60 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w66','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 66 tumour imaging','2025-03-24','2025-03-17','2025-03-31','2025-04-28',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 66 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m1','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 1 contraception follow-up','2024-03-18','2024-03-11','2024-03-25','2024-04-11',NULL,NULL,NULL,NULL,'2024-03-15',0,'window',NULL,0,'last dose 2024-02-18 + 1 month');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m2','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 2 contraception follow-up','2024-04-18','2024-04-11','2024-04-25','2024-05-11',NULL,NULL,NULL,NULL,'2024-04-16',0,'window',NULL,0,'last dose 2024-02-18 + 2 months');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m3','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 3 contraception follow-up','2024-05-18','2024-05-11','2024-05-25','2024-06-11',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-02-18 + 3 months');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m4','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 4 contraception follow-up','2024-06-18','2024-06-11','2024-06-25','2024-07-11',NULL,NULL,NULL,NULL,'2024-06-18',0,'window',NULL,0,'last dose 2024-02-18 + 4 months');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m5','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 5 contraception follow-up','2024-07-18','2024-07-11','2024-07-25','2024-08-11',NULL,NULL,NULL,NULL,'2024-07-18',0,'window',NULL,0,'last dose 2024-02-18 + 5 months');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','contraception-m6','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','contraception','Month 6 contraception follow-up','2024-08-18','2024-08-11','2024-08-25','2024-09-11',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-02-18 + 6 months');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w6','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 6 tumour imaging','2024-05-07','2024-04-30','2024-05-14','2024-06-11',NULL,'2024-05-03','09:30','Imaging, building 2','2024-05-03',0,'window','SD',0,'enrolment 2024-03-26 + 6 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w12','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 12 tumour imaging','2024-06-18','2024-06-11','2024-06-25','2024-07-23',NULL,'2024-06-17','10:30','Imaging, building 2','2024-06-17',0,'window','SD',0,'enrolment 2024-03-26 + 12 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w18','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 18 tumour imaging','2024-07-30','2024-07-23','2024-08-06','2024-09-03',NULL,'2024-08-01','08:30','Imaging, building 2','2024-08-01',0,'window','SD',0,'enrolment 2024-03-26 + 18 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w24','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 24 tumour imaging','2024-09-10','2024-09-03','2024-09-17','2024-10-15',NULL,'2024-09-06','08:30','Imaging, building 2','2024-09-06',0,'window','SD',0,'enrolment 2024-03-26 + 24 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w30','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 30 tumour imaging','2024-10-22','2024-10-15','2024-10-29','2024-11-26',NULL,'2024-10-18','10:30','Imaging, building 2',NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 30 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w36','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 36 tumour imaging','2024-12-03','2024-11-26','2024-12-10','2025-01-07',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 36 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w42','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 42 tumour imaging','2025-01-14','2025-01-07','2025-01-21','2025-02-18',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 42 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w48','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 48 tumour imaging','2025-02-25','2025-02-18','2025-03-04','2025-04-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 48 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w54','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 54 tumour imaging','2025-04-08','2025-04-01','2025-04-15','2025-05-13',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 54 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w72','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 72 tumour imaging','2025-05-05','2025-04-28','2025-05-12','2025-06-09',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 72 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w60','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 60 tumour imaging','2025-05-20','2025-05-13','2025-05-27','2025-06-24',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 60 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w78','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 78 tumour imaging','2025-06-16','2025-06-09','2025-06-23','2025-07-21',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 78 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w66','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 66 tumour imaging','2025-07-01','2025-06-24','2025-07-08','2025-08-05',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 66 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w84','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 84 tumour imaging','2025-07-28','2025-07-21','2025-08-04','2025-09-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 84 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w72','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 72 tumour imaging','2025-08-12','2025-08-05','2025-08-19','2025-09-16',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 72 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m1','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 1 contraception follow-up','2024-08-08','2024-08-01','2024-08-15','2024-09-01',NULL,NULL,NULL,NULL,'2024-08-09',0,'window',NULL,0,'last dose 2024-07-08 + 1 month');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m2','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 2 contraception follow-up','2024-09-08','2024-09-01','2024-09-15','2024-10-01',NULL,NULL,NULL,NULL,'2024-09-10',0,'window',NULL,0,'last dose 2024-07-08 + 2 months');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m3','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 3 contraception follow-up','2024-10-08','2024-10-01','2024-10-15','2024-11-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-07-08 + 3 months');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m4','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 4 contraception follow-up','2024-11-08','2024-11-01','2024-11-15','2024-12-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-07-08 + 4 months');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m5','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 5 contraception follow-up','2024-12-08','2024-12-01','2024-12-15','2025-01-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-07-08 + 5 months');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','contraception-m6','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','contraception','Month 6 contraception follow-up','2025-01-08','2025-01-01','2025-01-15','2025-02-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'last dose 2024-07-08 + 6 months');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w90','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 90 tumour imaging','2025-09-08','2025-09-01','2025-09-15','2025-10-13',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 90 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w6','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 6 tumour imaging','2024-09-16','2024-09-09','2024-09-23','2024-10-21',NULL,'2024-09-11','09:30','Imaging, building 2','2024-09-11',0,'window','SD',0,'enrolment 2024-08-05 + 6 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w12','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 12 tumour imaging','2024-10-28','2024-10-21','2024-11-04','2024-12-02',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 12 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w18','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 18 tumour imaging','2024-12-09','2024-12-02','2024-12-16','2025-01-13',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 18 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w24','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 24 tumour imaging','2025-01-20','2025-01-13','2025-01-27','2025-02-24',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 24 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w30','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 30 tumour imaging','2025-03-03','2025-02-24','2025-03-10','2025-04-07',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 30 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w36','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 36 tumour imaging','2025-04-14','2025-04-07','2025-04-21','2025-05-19',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 36 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w42','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 42 tumour imaging','2025-05-26','2025-05-19','2025-06-02','2025-06-30',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 42 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w48','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 48 tumour imaging','2025-07-07','2025-06-30','2025-07-14','2025-08-11',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 48 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w54','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 54 tumour imaging','2025-08-18','2025-08-11','2025-08-25','2025-09-22',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 54 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w78','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 78 tumour imaging','2025-09-23','2025-09-16','2025-09-30','2025-10-28',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 78 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w60','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 60 tumour imaging','2025-09-29','2025-09-22','2025-10-06','2025-11-03',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 60 weeks');
INSERT INTO "visits" VALUES('p-d47bfbb5a829b4c1','imaging-w96','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','imaging','Week 96 tumour imaging','2025-10-20','2025-10-13','2025-10-27','2025-11-24',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2023-12-18 + 96 weeks');
INSERT INTO "visits" VALUES('p-d7781320d7d43fbd','imaging-w84','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','imaging','Week 84 tumour imaging','2025-11-04','2025-10-28','2025-11-11','2025-12-09',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-03-26 + 84 weeks');
INSERT INTO "visits" VALUES('p-2405234703245643','imaging-w66','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','imaging','Week 66 tumour imaging','2025-11-10','2025-11-03','2025-11-17','2025-12-15',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-08-05 + 66 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w6','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 6 tumour imaging','2024-11-10','2024-11-03','2024-11-17','2024-12-15',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 6 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w12','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 12 tumour imaging','2024-12-22','2024-12-15','2024-12-29','2025-01-26',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 12 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w18','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 18 tumour imaging','2025-02-02','2025-01-26','2025-02-09','2025-03-09',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 18 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w24','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 24 tumour imaging','2025-03-16','2025-03-09','2025-03-23','2025-04-20',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 24 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w30','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 30 tumour imaging','2025-04-27','2025-04-20','2025-05-04','2025-06-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 30 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w36','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 36 tumour imaging','2025-06-08','2025-06-01','2025-06-15','2025-07-13',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 36 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w42','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 42 tumour imaging','2025-07-20','2025-07-13','2025-07-27','2025-08-24',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 42 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w48','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 48 tumour imaging','2025-08-31','2025-08-24','2025-09-07','2025-10-05',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 48 weeks');
INSERT INTO "visits" VALUES('p-00d8a509e69aa982','imaging-w54','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','imaging','Week 54 tumour imaging','2025-10-12','2025-10-05','2025-10-19','2025-11-16',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'enrolment 2024-09-29 + 54 weeks');
CREATE TABLE worklist (
        patient_id TEXT NOT NULL,
        entry_id TEXT NOT NULL,
        site TEXT NOT NULL,
        protocol TEXT NOT NULL,
        subject_number TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        kind TEXT NOT NULL,
        visit TEXT,
        from_on TEXT NOT NULL,
        through_on TEXT,
        due_on TEXT NOT NULL,
        because TEXT NOT NULL,
        settle_by TEXT NOT NULL,
        PRIMARY KEY (patient_id, entry_id)
    );
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','booking_past.p-d47bfbb5a829b4c1.imaging-w24','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','booking_past','imaging-w24','2024-06-07',NULL,'2024-06-10','booked 2024-06-06, nothing recorded as done','[{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w24"},"needs":["done_on","response"]},{"fact":{"kind":"visit_booked","visit":"imaging-w24"},"needs":["booked_on"]},{"fact":{"kind":"visit_booked","visit":"imaging-w24","booked_on":null},"needs":[]}]');
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','visit_overdue.p-d47bfbb5a829b4c1.imaging-w30','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','visit_overdue','imaging-w30','2024-07-23','2024-08-18','2024-07-22','window 2024-07-08 to 2024-07-22, not done','[{"fact":{"kind":"visit_booked","visit":"imaging-w30"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w30"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','follow_up_due.p-d47bfbb5a829b4c1.contraception-m6','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','follow_up_due','contraception-m6','2024-08-11','2024-08-25','2024-08-25','window 2024-08-11 to 2024-08-25, not done and not booked','[{"fact":{"kind":"visit_booked","visit":"contraception-m6"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m6"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','visit_overdue.p-d47bfbb5a829b4c1.contraception-m6','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','visit_overdue','contraception-m6','2024-08-26','2024-09-10','2024-08-25','window 2024-08-11 to 2024-08-25, not done','[{"fact":{"kind":"visit_booked","visit":"contraception-m6"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m6"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','follow_up_due.p-d7781320d7d43fbd.contraception-m3','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','follow_up_due','contraception-m3','2024-10-01','2024-10-15','2024-10-15','window 2024-10-01 to 2024-10-15, not done and not booked','[{"fact":{"kind":"visit_booked","visit":"contraception-m3"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m3"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-2405234703245643','visit_to_book.p-2405234703245643.imaging-w12','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','visit_to_book','imaging-w12','2024-10-28','2024-11-04','2024-11-04','window 2024-10-21 to 2024-11-04, not booked','[{"fact":{"kind":"visit_booked","visit":"imaging-w12"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w12"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-2405234703245643','visit_overdue.p-2405234703245643.imaging-w12','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','visit_overdue','imaging-w12','2024-11-05','2024-12-01','2024-11-04','window 2024-10-21 to 2024-11-04, not done','[{"fact":{"kind":"visit_booked","visit":"imaging-w12"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w12"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','visit_overdue.p-d7781320d7d43fbd.contraception-m3','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','visit_overdue','contraception-m3','2024-10-16','2024-10-31','2024-10-15','window 2024-10-01 to 2024-10-15, not done','[{"fact":{"kind":"visit_booked","visit":"contraception-m3"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m3"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','visit_overdue.p-d7781320d7d43fbd.imaging-w30','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','visit_overdue','imaging-w30','2024-10-30','2024-11-25','2024-10-29','window 2024-10-15 to 2024-10-29, not done','[{"fact":{"kind":"visit_booked","visit":"imaging-w30"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w30"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','follow_up_due.p-d7781320d7d43fbd.contraception-m4','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','follow_up_due','contraception-m4','2024-11-01','2024-11-15','2024-11-15','window 2024-11-01 to 2024-11-15, not done and not booked','[{"fact":{"kind":"visit_booked","visit":"contraception-m4"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m4"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','booking_past.p-d7781320d7d43fbd.imaging-w30','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','booking_past','imaging-w30','2024-10-19',NULL,'2024-10-29','booked 2024-10-18, nothing recorded as done','[{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w30"},"needs":["done_on","response"]},{"fact":{"kind":"visit_booked","visit":"imaging-w30"},"needs":["booked_on"]},{"fact":{"kind":"visit_booked","visit":"imaging-w30","booked_on":null},"needs":[]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','visit_overdue.p-d7781320d7d43fbd.contraception-m4','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','visit_overdue','contraception-m4','2024-11-16','2024-11-30','2024-11-15','window 2024-11-01 to 2024-11-15, not done','[{"fact":{"kind":"visit_booked","visit":"contraception-m4"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m4"},"needs":["done_on"]}]');
INSERT INTO "worklist" VALUES('p-00d8a509e69aa982','visit_to_book.p-00d8a509e69aa982.imaging-w6','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','visit_to_book','imaging-w6','2024-11-10','2024-11-17','2024-11-17','window 2024-11-03 to 2024-11-17, not booked','[{"fact":{"kind":"visit_booked","visit":"imaging-w6"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w6"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-00d8a509e69aa982','visit_overdue.p-00d8a509e69aa982.imaging-w6','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','visit_overdue','imaging-w6','2024-11-18','2024-12-14','2024-11-17','window 2024-11-03 to 2024-11-17, not done','[{"fact":{"kind":"visit_booked","visit":"imaging-w6"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w6"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-00d8a509e69aa982','first_dose_missing.p-00d8a509e69aa982','FUSCC','nct06110650','FUSCC-29','Asia/Shanghai','first_dose_missing',NULL,'2024-10-13',NULL,'2024-10-13','planned first dose 2024-10-06, no start and no dose recorded','[{"fact":{"kind":"treatment_started"},"needs":["first_dose_on"]},{"fact":{"kind":"treatment_ended"},"needs":["last_dose_on","decided_on","reason"]}]');
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','visit_to_book.p-d47bfbb5a829b4c1.imaging-w48','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','visit_to_book','imaging-w48','2024-11-18','2024-11-25','2024-11-25','window 2024-11-11 to 2024-11-25, not booked','[{"fact":{"kind":"visit_booked","visit":"imaging-w48"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w48"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-d47bfbb5a829b4c1','visit_overdue.p-d47bfbb5a829b4c1.imaging-w48','FUSCC','nct06110650','FUSCC-03','Asia/Shanghai','visit_overdue','imaging-w48','2024-11-26','2024-12-22','2024-11-25','window 2024-11-11 to 2024-11-25, not done','[{"fact":{"kind":"visit_booked","visit":"imaging-w48"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w48"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-2405234703245643','doses_not_taken.p-2405234703245643.2024-10-04','FUSCC','nct06110650','FUSCC-24','Asia/Shanghai','doses_not_taken',NULL,'2024-10-06',NULL,'2024-10-06','no dose taken from 2024-10-04 on; planned doses missed or not recorded','[{"fact":{"kind":"dose_recorded"},"needs":["dose_on","status"]},{"fact":{"kind":"hold_started"},"needs":["from_on"]},{"fact":{"kind":"treatment_ended"},"needs":["last_dose_on","decided_on","reason"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','visit_to_book.p-d7781320d7d43fbd.imaging-w36','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','visit_to_book','imaging-w36','2024-12-03','2024-12-10','2024-12-10','window 2024-11-26 to 2024-12-10, not booked','[{"fact":{"kind":"visit_booked","visit":"imaging-w36"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"imaging","visit":"imaging-w36"},"needs":["done_on","response"]}]');
INSERT INTO "worklist" VALUES('p-d7781320d7d43fbd','follow_up_due.p-d7781320d7d43fbd.contraception-m5','FUSCC','nct06110650','FUSCC-12','Asia/Shanghai','follow_up_due','contraception-m5','2024-12-01','2024-12-15','2024-12-15','window 2024-12-01 to 2024-12-15, not done and not booked','[{"fact":{"kind":"visit_booked","visit":"contraception-m5"},"needs":["booked_on"]},{"fact":{"kind":"visit_done","series":"contraception","visit":"contraception-m5"},"needs":["done_on"]}]');
CREATE TABLE wrong_tries (
        subject TEXT NOT NULL,
        tried_at TEXT NOT NULL
    );
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX patients_by_subject ON patients (subject_number, patient_id);
CREATE INDEX patients_by_site ON patients (site, subject_number, patient_id);
CREATE INDEX patients_by_visits_through ON patients (visits_through);
CREATE INDEX visits_by_closing ON visits (closes_on, patient_id, visit);
CREATE INDEX visits_to_do ON visits (series, closes_on, patient_id, visit) WHERE done_on IS NULL;
CREATE INDEX visits_to_do_by_site ON visits (site, series, closes_on, patient_id, visit, ends_on, time_zone, done_on) WHERE done_on IS NULL;
CREATE INDEX visits_by_site ON visits (site, closes_on, patient_id, visit);
CREATE INDEX answers_by_age ON answers (answered_at);
CREATE TRIGGER facts_refuse_replace BEFORE INSERT ON facts WHEN EXISTS (SELECT 1 FROM facts WHERE (patient_id = NEW.patient_id AND seq = NEW.seq) OR fact_id = NEW.fact_id) BEGIN SELECT RAISE(ABORT, 'the table facts is append-only'); END;
CREATE TRIGGER facts_refuse_update BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'the table facts is append-only'); END;
CREATE TRIGGER facts_refuse_delete BEFORE DELETE ON facts BEGIN SELECT RAISE(ABORT, 'the table facts is append-only'); END;
CREATE TRIGGER protocols_refuse_replace BEFORE INSERT ON protocols WHEN EXISTS (SELECT 1 FROM protocols WHERE protocol = NEW.protocol AND version = NEW.version) BEGIN SELECT RAISE(ABORT, 'the table protocols is append-only'); END;
CREATE TRIGGER protocols_refuse_update BEFORE UPDATE ON protocols BEGIN SELECT RAISE(ABORT, 'the table protocols is append-only'); END;
CREATE TRIGGER protocols_refuse_delete BEFORE DELETE ON protocols BEGIN SELECT RAISE(ABORT, 'the table protocols is append-only'); END;
CREATE INDEX devices_by_patient ON devices (patient_id, activated_at);
CREATE INDEX device_tokens_by_device ON device_tokens (device_id);
CREATE INDEX wrong_tries_by_subject ON wrong_tries (subject, tried_at);
CREATE INDEX feeds_by_patient ON feeds (patient_id);
CREATE INDEX outbox_waiting ON outbox (written_at) WHERE status = 'waiting';
CREATE INDEX outbox_by_patient ON outbox (patient_id, expires_at);
CREATE INDEX destinations_by_site ON destinations (site, made_at, destination_id) WHERE patient_id IS NULL;
CREATE INDEX destinations_by_patient ON destinations (patient_id) WHERE ended_at IS NULL;
CREATE INDEX destinations_by_device ON destinations (device_id) WHERE ended_at IS NULL;
CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE status = 'waiting';
CREATE INDEX deliveries_by_destination ON deliveries (destination_id) WHERE status = 'waiting';
CREATE INDEX outbox_to_spread ON outbox (written_at) WHERE status = 'waiting' AND spread_at IS NULL;
CREATE INDEX outbox_by_due ON outbox (due_at, message_id);
CREATE INDEX visits_booked ON visits (site, series, booked_on, done_on) WHERE booked_on IS NOT NULL;
CREATE INDEX visits_to_do_by_opening ON visits (site, series, opens_on, patient_id, visit) WHERE done_on IS NULL;
CREATE INDEX visits_to_do_by_target ON visits (site, series, target_on, patient_id, visit) WHERE done_on IS NULL;
CREATE INDEX visits_to_do_by_subject ON visits (site, series, subject_number, patient_id, target_on, visit) WHERE done_on IS NULL;
CREATE INDEX worklist_by_site ON worklist (site, from_on);
CREATE INDEX worklist_by_due ON worklist (due_on, entry_id);
CREATE INDEX facts_by_time ON facts (recorded_at, patient_id, seq);
CREATE INDEX audit_by_time ON audit (at, stream, seq);
CREATE INDEX audit_by_patient ON audit (patient_id, at);
CREATE INDEX audit_by_site ON audit (site, at);
CREATE INDEX audit_by_actor ON audit (actor, at);
CREATE INDEX checkpoint_heads_by_checkpoint ON checkpoint_heads (checkpoint, log, stream);
CREATE TRIGGER audit_refuse_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE stream = NEW.stream AND seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the table audit is append-only'); END;
CREATE TRIGGER audit_refuse_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the table audit is append-only'); END;
CREATE TRIGGER audit_refuse_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the table audit is append-only'); END;
CREATE TRIGGER checkpoints_refuse_replace BEFORE INSERT ON checkpoints WHEN EXISTS (SELECT 1 FROM checkpoints WHERE checkpoint = NEW.checkpoint) BEGIN SELECT RAISE(ABORT, 'the table checkpoints is append-only'); END;
CREATE TRIGGER checkpoints_refuse_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the table checkpoints is append-only'); END;
CREATE TRIGGER checkpoints_refuse_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the table checkpoints is append-only'); END;
CREATE TRIGGER checkpoint_heads_refuse_replace BEFORE INSERT ON checkpoint_heads WHEN EXISTS (SELECT 1 FROM checkpoint_heads WHERE log = NEW.log AND stream = NEW.stream AND seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the table checkpoint_heads is append-only'); END;
CREATE TRIGGER checkpoint_heads_refuse_update BEFORE UPDATE ON checkpoint_heads BEGIN SELECT RAISE(ABORT, 'the table checkpoint_heads is append-only'); END;
CREATE TRIGGER checkpoint_heads_refuse_delete BEFORE DELETE ON checkpoint_heads BEGIN SELECT RAISE(ABORT, 'the table checkpoint_heads is append-only'); END;
COMMIT;