/** The schedule of Kubernetes' releases in the forms that it has had: as a program writes it, and as people did. */

export const NEW_SCHEDULE = `# Use "schedule-builder" to maintain this file
---
schedules:
- endOfLifeDate: "2027-10-28"
  maintenanceModeStartDate: "2027-08-28"
  next:
    cherryPickDeadline: "2026-09-04"
    release: 1.37.1
    targetDate: "2026-09-08"
  release: "1.37"
  releaseDate: "2026-08-26"
- endOfLifeDate: "2999-10-28"
  next:
    release: 1.99.0
    targetDate: "2999-08-26"
  release: "1.99"
  releaseDate: "2999-08-26"
- endOfLifeDate: "2025-10-28"
  next:
    release: 1.31.2
    targetDate: "2024-10-15"
  previousPatches:
  - cherryPickDeadline: "2024-09-06"
    release: 1.31.1
    targetDate: "2024-09-11"
  release: "1.31"
  releaseDate: "2024-08-13"
- endOfLifeDate: "2024-10-28"
  previousPatches:
  - cherryPickDeadline: "2024-09-06"
    release: 1.28.14
    targetDate: "2024-09-10"
  - note: Out of band release to fix [CVE-2023-5528](https://groups.google.com/g/kubernetes-announce)
    release: 1.28.4
    targetDate: "2023-11-14"
  - cherryPickDeadline: N/A
    note: Unplanned release
    release: 1.28.1
    targetDate: "2023-08-23"
  - release: 1.28.0
    targetDate: "2023-08-15"
  release: "1.28"
  releaseDate: "2023-08-15"
upcoming_releases:
- cherryPickDeadline: "2024-10-11"
  targetDate: "2024-10-15"
`;

export const OLD_SCHEDULE = `---
schedules:
- release: 1.30
  releaseDate: 2024-04-17
  next:
    release: 1.30.1
    targetDate: 2024-05-14
  previousPatches:
- release: 1.27
  releaseDate: 2024-04-11
  endOfLifeDate: 2024-06-28
  next:
    release: 1.27.4
    targetDate: 2023-07-19
  previousPatches:
    - release: 1.27.3
      cherryPickDeadline: 2023-06-09
      targetDate: 2023-06-14
    - release: 1.27.0
      cherryPickDeadline: ""
      targetDate: 2023-04-11
      note: >-
        [Regression](https://groups.google.com/g/kubernetes-announce)
`;
